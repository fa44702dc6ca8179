package score

import (
	"testing"

	"clawback/verdict"
)

// A part has as many names as there are parameters that may give it one, and ways to write them.
func TestNames_eachThatAMailProgramMayShowIsJudged(t *testing.T) {
	for name, c := range map[string]struct{ fields, want string }{
		"one":                       {"Content-Type: application/octet-stream; name=\"order.js\"", "attachment.script"},
		"the other":                 {"Content-Type: application/octet-stream; name=\"order.js\"\nContent-Disposition: attachment; filename=\"order.txt\"", "attachment.script"},
		"the other way":             {"Content-Type: application/octet-stream; name=\"order.txt\"\nContent-Disposition: attachment; filename=\"order.js\"", "attachment.script"},
		"twice":                     {"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"order.txt\"; filename=\"order.js\"", "attachment.script"},
		"plain and encoded":         {"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"order.txt\"; filename*=UTF-8''order%2Ejs", "attachment.script"},
		"in sections":               {"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"order.txt\"; filename*0=\"ord\"; filename*1=\"er.js\"", "attachment.script"},
		"encoded word":              {"Content-Type: application/octet-stream; name=\"=?utf-8?B?b3JkZXIuanM=?=\"\nContent-Disposition: attachment; filename=\"order.txt\"", "attachment.script"},
		"encoded word, both":        {"Content-Type: application/octet-stream; name=\"=?utf-8?Q?order=2Etxt?=\"\nContent-Disposition: attachment; filename=\"=?utf-8?Q?order=2Ejs?=\"", "attachment.script"},
		"under the other parameter": {"Content-Type: application/octet-stream; filename=\"order.js\"\nContent-Disposition: attachment; filename=\"order.txt\"", "attachment.script"},
		"in a second field":         {"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"order.txt\"\nContent-Disposition: attachment; filename=\"order.js\"", "attachment.script"},
		"of a picture":              {"Content-Type: image/png; name=\"order.js\"\nContent-Disposition: attachment; filename=\"order.png\"", "attachment.script"},
		"turned":                    {"Content-Type: application/octet-stream; name=\"=?utf-8?Q?order=E2=80=AEtxt=2Ejs?=\"\nContent-Disposition: attachment; filename=\"order.txt\"", "attachment.reversed_name"},
	} {
		for _, body := range []string{"x = 1", ""} {
			if r := run(t, scorer(t, Options{}), mixed(filePart(c.fields, []byte(body)))); !has(r, c.want) {
				t.Errorf("%s: %s", name, summary(r))
			}
		}
	}
	good := mixed(filePart("Content-Type: text/plain; name=\"=?iso-8859-1?Q?K=FCndigung=2Etxt?=\"\nContent-Disposition: attachment; filename*=UTF-8''K%C3%BCndigung%2Etxt", []byte("notes")))
	if r := run(t, scorer(t, Options{}), good); r.Disposition != verdict.Clean {
		t.Errorf("two ways to write one name: %s", summary(r))
	}
}

func TestLinkedFile(t *testing.T) {
	for address, want := range map[string]bool{
		"https://www.other.example/get/setup.exe": true, "https://www.other.example/a/Invoice%2Evbs": true, "https://www.other.example/a.iso?token=1#x": true,
		"https://www.other.example/get?file=a/b/invoice.hta": true, "https://www.other.example/d?response-content-disposition=attachment%3B%20filename%3D%22a.lnk%22": true,
		"https://www.google.com/url?q=https://www.other.example/setup.msi": true, "https://www.other.example/a.rdp.": true,
		"https://www.other.example/a.php?x=a.exe.html": false, "https://www.other.example/": false, "https://setup.exe.other.example/": false,
		"https://www.other.example/login.aspx": false, "https://www.other.example/cgi/a.pl": false, "https://web.archive.example/other.com": false,
		"https://www.other.example/app.js": false, "https://www.other.example/file.pdf": false, "https://www.other.example/.exe": false,
	} {
		if got := has(run(t, scorer(t, Options{}), link(address, "here")), "link.program"); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
