# wordlist.awk - a list of words, sorted and without case, as struct wordlist of core/wordlist.h.
BEGIN {
	print "/* Made by wordlist.awk from common-passwords.txt. */"
	print "#include \"core/wordlist.h\"\n"
	print "static const char text[] ="
}
/^#!comment:/ { next }
{
	at[n++] = len
	len += length($0) + 1
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	printf "\t\"%s\\0\"\n", $0
}
END {
	print "\t;\n\nstatic const uint32_t at[] = {"
	for (i = 0; i < n; i++)
		printf "%s%d,%s", i % 16 ? " " : "\t", at[i], i % 16 == 15 || i == n - 1 ? "\n" : ""
	print "};\n\nconst struct wordlist wordlist_packaged = { text, at, sizeof(at) / sizeof(at[0]) };"
}
