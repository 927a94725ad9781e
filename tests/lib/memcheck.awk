# memcheck.awk - from valgrind's logs, print the errors that have a frame in one of our files.
#
# A record is a block of lines "==pid== text", ended by a line without text. Our frames show the source path (we are
# compiled with -g) or, without line numbers, the module.

function flush_record() {
	if (ours)
		printf "%s", record
	record = ""
	ours = 0
}

FNR == 1 { flush_record() }
/^==[0-9]+== *$/ { flush_record(); next }
/^==[0-9]+== / {
	record = record FILENAME ": " $0 "\n"
	if ($0 ~ /\/src\/(slapd|core|common)\/[a-z0-9_]+\.c:[0-9]+\)/ || $0 ~ /\(in .*\/muster\.so\)/)
		ours = 1
}
END { flush_record() }
