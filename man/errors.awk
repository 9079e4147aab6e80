# dm-import-errors.7 out of base/error_codes.def: every code with its text, remedy and HTTP status.
BEGIN {
	print ".\\\" SPDX-License-Identifier: Apache-2.0"
	print ".\\\" Made by man/errors.awk from base/error_codes.def."
	print ".Dd November 21, 2026"
	print ".Dt DM-IMPORT-ERRORS 7"
	print ".Os"
	print ".Sh NAME"
	print ".Nm dm-import-errors"
	print ".Nd what can go wrong in an import, and what to do"
	print ".Sh DESCRIPTION"
	print "Every error and every finding has one of these codes."
	print "They are the same in the API of"
	print ".Xr import-agent 8 ,"
	print "in the output of"
	print ".Xr importcli 8"
	print "and in the log, and they never change."
	print "The number in parentheses is the HTTP status of an answer with that code."
}

# Wrapped, each sentence on a line of its own, and no line a macro by chance.
function sentences(text,    words, count, lines, line, i) {
	count = split(text, words, " ")
	for (i = 1; i <= count; i++) {
		line = line (line == "" ? words[i] ~ /^[.']/ ? "\\&" : "" : " ") words[i]
		if (i == count || words[i] ~ /\.$/ || length(line " " words[i + 1]) > 72) {
			lines = lines (lines == "" ? "" : "\n") line
			line = ""
		}
	}
	return lines
}

# /* the request */ in front of a group becomes its heading
/^\/\* .* \*\/$/ {
	heading = toupper(substr($0, 4, 1)) substr($0, 5, length($0) - 7)
}

/^ERROR_CODE\(/ {
	if (heading != "") {
		if (open)
			print ".El"
		print ".Ss " heading
		print ".Bl -tag -width Ds"
		heading = ""
		open = 1
	}
	# ERROR_CODE(ID, "name", status, "text", "remedy")
	split($0, part, "\"")
	split(part[3], status, ",")
	gsub(/ /, "", status[2])
	print ".It Sy " part[2] " (" status[2] ")"
	print sentences(part[4])
	print ".br"
	print "\\(->  " sentences(part[6])
}

END {
	print ".El"
	print ".Sh SEE ALSO"
	print ".Xr import-agent 8 ,"
	print ".Xr importcli 8"
}
