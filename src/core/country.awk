# country.awk - the codes of ISO 3166-1 out of the iso-codes package, as one string of pairs of letters in their order.
/"alpha_2":/ {
	gsub(/[^A-Z]/, "", $2)
	code[n++] = $2
}
END {
	print "/* Made by country.awk from iso_3166-1.json of iso-codes. */"
	print "#include \"core/country.h\"\n"
	# A file in another form gives no list that looks like one.
	if (n < 200 || n > 300)
		exit 1
	for (i = 1; i < n; i++)
		for (j = i; j > 0 && code[j - 1] > code[j]; j--) {
			swap = code[j]
			code[j] = code[j - 1]
			code[j - 1] = swap
		}
	printf "const char country_codes[] ="
	for (i = 0; i < n; i++) {
		if (code[i] !~ /^[A-Z][A-Z]$/)
			exit 1
		printf "%s%s", i % 32 ? "" : "\n\t\"", code[i] (i % 32 == 31 || i == n - 1 ? "\"" : "")
	}
	print ";"
}
