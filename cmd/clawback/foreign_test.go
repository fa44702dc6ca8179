package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"clawback/internal/visible"
	"clawback/verdict"
)

// hostile has every character that must not reach a terminal, and tries to begin a line of its own. (The word is one
// that nothing else prints.)
func hostile() string {
	var b strings.Builder
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if visible.Steers(r) {
			b.WriteRune(r)
		}
	}
	return b.String() + "\nFORGED x\r\nFORGED\tx\n\tFORGED"
}

// clickable is a link as strangers write them. Commands defang it.
const clickable = "https://live.example"

// outcome is what a command printed.
type outcome struct{ out, errOut string }

// harmless reports what is wrong with it.
func (o outcome) harmless(t *testing.T, line string, asJSON bool) {
	t.Helper()
	for where, text := range map[string]string{"standard output": o.out, "standard error": o.errOut} {
		if i := strings.IndexFunc(text, visible.Steers); i >= 0 {
			t.Errorf("%s: %q steers the terminal on %s", line, text[max(0, i-40):min(len(text), i+20)], where)
		}
		for printed := range strings.Lines(text) {
			if strings.HasPrefix(printed, "FORGED") {
				t.Errorf("%s: foreign text begins a line of %s: %.80q", line, where, printed)
			}
		}
	}
	// JSON and CSV are data; a notice of status names servers of one's own.
	asIs := asJSON || strings.Contains(line, "--json") || strings.Contains(line, "--csv")
	if !asIs && !strings.HasPrefix(line, "clawback status") && strings.Contains(o.out, clickable) {
		i := strings.Index(o.out, clickable)
		t.Errorf("%s: a link of a stranger's is live: %q", line, o.out[max(0, i-80):i+20])
	}
	if asJSON {
		indented := indented([]byte(o.out), true)
		if strings.HasPrefix(indented, "not JSON") {
			t.Errorf("%s: %.200s", line, indented)
		}
	}
}

// stranger stands between the commands and the daemon, and makes every text of an answer hostile.
type stranger struct {
	fails bool // answers errors alone
	seen  int  // answers that were changed
}

func (s *stranger) listen(t *testing.T, daemon string) (socket string) {
	t.Helper()
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "clawback"}) },
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", daemon)
		}},
		ModifyResponse: s.change,
	}
	socket = filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: proxy}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return socket
}

func (s *stranger) change(r *http.Response) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var v any
	switch {
	case s.fails:
		r.StatusCode, v = http.StatusConflict, map[string]string{"code": "changed", "detail": hostile()}
	case json.Unmarshal(body, &v) == nil:
		v = foreign("", v)
	default: // a message: the spool's bytes
		r.Body = io.NopCloser(bytes.NewReader(body))
		return nil
	}
	if body, err = json.Marshal(v); err != nil {
		return err
	}
	s.seen++
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Del("Content-Length")
	return nil
}

// foreign is a value of JSON with hostile text behind every string that may be any string.
func foreign(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = foreign(k, v[k])
		}
	case []any:
		for i := range v {
			v[i] = foreign(key, v[i])
		}
	case string:
		_, notTime := time.Parse(time.RFC3339, v)
		_, notDisposition := verdict.Parse(v)
		_, notBinary := base64.StdEncoding.DecodeString(v)
		link := ""
		if slices.Contains([]string{"subject", "from_name", "from", "reply_to", "sender", "text", "reason"}, key) {
			link = " " + clickable + "/login"
		}
		// typed, or waited for
		if notTime != nil && notDisposition != nil && key != "state" && (notBinary != nil || len(v) < 40) {
			return v + link + hostile()
		}
	}
	return v
}

// Whatever the daemon's answers hold, in text and in JSON, and whatever its errors say: no verb lets it steer.
func TestForeign_everyVerbOfTheDaemon(t *testing.T) {
	t.Setenv("SUDO_USER", "")
	o := openOffice(t)
	p := &player{t: t, office: o}
	honest := o.File("control.sock")
	for _, s := range []*stranger{{}, {fails: true}} {
		socket := s.listen(t, honest)
		for _, line := range transcribed(t) {
			if !strings.Contains(line, "--json") {
				foreignRun(t, p, socket, line)
			}
			foreignRun(t, p, socket, line+" --json")
		}
		if s.seen < 100 {
			t.Errorf("only %d answers were changed", s.seen)
		}
	}
}

// transcribed are the commands of the transcripts, each once, but for those that wait.
func transcribed(t *testing.T) (lines []string) {
	t.Helper()
	names, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			command, is := strings.CutPrefix(strings.TrimSpace(line), "$ ")
			if is && strings.HasPrefix(command, "clawback ") && !strings.Contains(command, "--socket") &&
				!slices.Contains(lines, command) {
				lines = append(lines, command)
			}
		}
	}
	if len(lines) < 60 {
		t.Fatalf("only %d commands", len(lines))
	}
	return lines
}

func foreignRun(t *testing.T, p *player, socket, line string) {
	t.Helper()
	args, err := split(p.expand(strings.TrimPrefix(line, "clawback ")))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // ends what follows a job; what it printed counts
	defer cancel()
	var out, errOut bytes.Buffer
	status := (&app{ctx: ctx, in: strings.NewReader("y\n"), out: &out, errOut: &errOut, files: files}).run(append([]string{"--socket", socket}, args...))
	asJSON := strings.HasSuffix(line, "--json") && status == exitOK && !strings.Contains(line, " export ") &&
		!strings.Contains(line, "--help") && line != "clawback --json"
	shown := out.String()
	if bytesAsTheyAre(line) { // they are asked for as they are
		shown, asJSON = "", false
	}
	outcome{shown, errOut.String()}.harmless(t, line, asJSON)
}

// Files of mail and their names are foreign too.
func TestForeign_everyVerbOfFiles(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a\x1b[2J\u202e\u009b\nFORGED.eml")
	word := "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(hostile())) + "?="
	raw := strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(hostile())
	original := "From: \"" + word + "\" <a@b.example>\r\nTo: " + word + " <b@contoso.example>\r\nSubject: " + word +
		"\r\nMessage-ID: <" + raw + "@x>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<a href='https://" + raw + ".example/'>" +
		raw + "</a>\r\n--b\r\nContent-Type: application/octet-stream; name=\"" + word + ".exe\"\r\n\r\nMZ\r\n--b--\r\n"
	report := "X-MS-Journal-Report:\r\nMessage-ID: <1@journal.report.generator>\r\nContent-Type: multipart/mixed; boundary=r\r\n\r\n--r\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\n\r\nSender: " + raw + "@b.example\r\nSubject: " + raw +
		"\r\nMessage-Id: <" + raw + "@x>\r\nRecipient: " + raw +
		"@contoso.example\r\nRecipient: b@contoso.example\r\n" + raw +
		"\r\n\r\n--r\r\nContent-Type: message/rfc822\r\n\r\n" + original + "\r\n--r--\r\n"
	rules := filepath.Join(dir, "rules")
	if err := os.Mkdir(rules, 0o700); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{name: report, filepath.Join(dir, "bare\u2028.eml"): original, filepath.Join(rules, "r\u202e.toml"): officeRules + raw,
		filepath.Join(dir, "p\u202e.csv"): "kind,pattern\n" + raw + ",x\nblock_sender,\"" + raw + "\"\n", filepath.Join(dir, "c.toml"): "hostname = \"" + raw + "\"\n[x\u202e]\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bare := filepath.Join(dir, "bare\u2028.eml")
	for _, args := range [][]string{
		{"unwrap", name}, {"unwrap", bare}, {"unwrap", name + "x"}, {"unwrap", "--original", name, name}, {"unwrap", "--original", filepath.Join(dir, "o"), bare},
		{"score", name}, {"score", bare}, {"score", dir}, {"score", name + "\u202e"}, {"rules", "test", rules, name}, {"rules", "check", rules},
		{"policy", "import", "--check", filepath.Join(dir, "p\u202e.csv")}, {"check", "-c", filepath.Join(dir, "c.toml")}, {"check", "-c", name},
		{"serve", "-c", filepath.Join(dir, "c.toml")}, {"\u202e\x1b"}, {"show", "--\u202e"}, {"demo", "--reports", name},
	} {
		for _, asJSON := range []bool{false, true} {
			if asJSON {
				args = append([]string{"--json"}, args...)
			}
			var out, errOut bytes.Buffer
			status := (&app{ctx: t.Context(), in: strings.NewReader(""), out: &out, errOut: &errOut, files: files}).run(args)
			if out.Len()+errOut.Len() == 0 {
				t.Errorf("%q prints nothing", args)
			}
			outcome{out.String(), errOut.String()}.harmless(t, strings.Join(args, " "), asJSON && status == exitOK)
		}
	}
}

// bytesAsTheyAre reports whether a command writes a message to standard output as it arrived.
func bytesAsTheyAre(line string) bool {
	for _, verb := range []string{"clawback export ", "queue export ", "bounce export ", "submission export ", "--original -", "--report -", "--decrypted -", "--raw"} {
		if strings.Contains(line, verb) {
			return true
		}
	}
	return false
}
