# templates.awk - schema/init/*.ldif and schema/policies/*.ldif as C strings, so that "muster init" needs no files.
BEGIN {
	print "/* Made by templates.awk from schema/. */"
	print "#include \"cli/init.h\"\n"
	print "const struct template templates[] = {"
}
FNR == 1 {
	if (NR > 1)
		print "\t},"
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.ldif$/, "", name)
	printf "\t{ \"%s\",\n", name
}
{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	printf "\t  \"%s\\n\"\n", $0
}
END {
	print "\t},"
	print "};"
	print "const size_t templates_len = sizeof(templates) / sizeof(templates[0]);"
}
