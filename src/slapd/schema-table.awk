# schema-table.awk - turn schema/muster.schema into the rows of the overlay's registration table.
#
# Reads objectIdentifier macros and attributetype and objectclass definitions that go on over several lines, and
# writes one row each: { "name", "oid", "definition" } with the macros expanded, attributes and classes apart.

function stop(text) {
	printf "%s:%d: %s\n", FILENAME, FNR, text > "/dev/stderr"
	failed = 1
	exit 1
}

# expand - the numeric form of an OID that may begin with a macro
function expand(oid, parts) {
	if (oid ~ /^[0-9]/)
		return oid
	split(oid, parts, ":")
	if (!(parts[1] in macro))
		stop("unknown objectIdentifier " parts[1])
	return parts[2] == "" ? macro[parts[1]] : macro[parts[1]] "." parts[2]
}

function take(kind, text, words, name, oid, rest) {
	gsub(/[ \t]+/, " ", text)
	sub(/^ /, "", text)
	split(text, words, " ")
	if (words[1] != "(" || words[3] != "NAME")
		stop("a definition is ( OID NAME 'name' ... )")
	oid = expand(words[2])
	name = words[4]
	gsub(/'/, "", name)
	rest = substr(text, index(text, " NAME ") + 1)
	gsub(/\\/, "\\\\", rest)
	gsub(/"/, "\\\"", rest)
	rows[kind] = rows[kind] sprintf("\t{ \"%s\", \"%s\",\n\t  \"( %s %s\" },\n", name, oid, oid, rest)
}

# flush - a definition ends where the next one begins
function flush() {
	if (kind != "")
		take(kind, body)
	kind = ""
	body = ""
}

/^[ \t]*(#|$)/ { next }
$1 == "objectIdentifier" {
	flush()
	macro[$2] = expand($3)
	next
}
$1 == "attributetype" || $1 == "objectclass" {
	flush()
	kind = $1
	sub(/^[a-z]+/, "")
}
kind == "" { stop("neither objectIdentifier, attributetype nor objectclass") }
{ body = body " " $0 }

END {
	if (failed)
		exit 1
	flush()
	print "/* Made from schema/muster.schema by src/slapd/schema-table.awk. */"
	print "static const struct schema_row attribute_rows[] = {"
	printf "%s", rows["attributetype"]
	print "};\n\nstatic const struct schema_row class_rows[] = {"
	printf "%s", rows["objectclass"]
	print "};"
}
