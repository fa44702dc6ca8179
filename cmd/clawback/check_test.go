package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"clawback/config"
)

// A script that asks for JSON gets a configuration's problems in it too.
func TestCheck_jsonOfABadConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.toml")
	if err := os.WriteFile(file, []byte("hostnme = \"gw.example.com\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (checkCmd{Config: file}).Run(&app{ctx: t.Context(), out: &out, json: true}); err == nil {
		t.Error("it is said to be in order")
	}
	var texts []string
	for lines := json.NewDecoder(&out); lines.More(); {
		var f finding
		if err := lines.Decode(&f); err != nil || f.Grade != bad || f.What != "configuration" {
			t.Fatalf("%+v, %v", f, err)
		}
		texts = append(texts, f.Text+"; "+f.Remedy)
	}
	if all := strings.Join(texts, "\n"); len(texts) < 2 ||
		!strings.Contains(all, `bad.toml:1: hostnme: is not a known key; did you mean "hostname"?`) {
		t.Errorf("%q", texts)
	}
}

// wantFinding fails unless the finding has the grade, and each text stands in what it says.
func wantFinding(t *testing.T, name string, f finding, g grade, texts ...string) {
	t.Helper()
	if f.Grade != g {
		t.Errorf("%s: %s: %+v", name, f.Grade, f)
	}
	if (g == fine) != (f.Remedy == "") {
		t.Errorf("%s: %s, with the remedy %q", name, f.Grade, f.Remedy)
	}
	for _, text := range texts {
		if !strings.Contains(f.Text+" -> "+f.Remedy, text) {
			t.Errorf("%s: %q does not stand in %s -> %s", name, text, f.Text, f.Remedy)
		}
	}
}

func TestCheckState(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cfg := func(dir string, free int64) *config.Config {
		return &config.Config{StateDir: dir, Spool: config.Spool{MinFree: free}}
	}
	if f := checkState(cfg(dir, 1)); f.Grade == bad || !strings.Contains(f.Text+f.Remedy, "free") &&
		!strings.Contains(f.Remedy, "chown") {
		t.Errorf("%+v", f)
	}
	wantFinding(t, "not there yet", checkState(cfg(filepath.Join(dir, "later"), 1)), fine, "are free")
	wantFinding(t, "no space", checkState(cfg(filepath.Join(dir, "later"), 1<<60)), bad, "new mail is put off",
		"free space")
	free, _, err := space(dir)
	if err != nil {
		t.Fatal(err)
	}
	wantFinding(t, "little space", checkState(cfg(filepath.Join(dir, "later"), int64(free*2/3))), attention,
		"free space")
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantFinding(t, "a file", checkState(cfg(file, 1)), bad, "is not a directory")
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	wantFinding(t, "open to all", checkState(cfg(dir, 1)), bad, "mode 0755", "chmod 0700")
}

func TestUnguessable(t *testing.T) {
	for range 2000 { // some have one digit, or none
		made, err := journalAddress()
		if err != nil {
			t.Fatal(err)
		}
		if bits := unguessable(made); bits != addressBits {
			t.Fatalf("%s, which was made here: %d bits", made, bits)
		}
	}
	for local, enough := range map[string]bool{
		"j-abcdefghijklmnopqrstuvwx2y": true, "j-3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8": true, "j-5f3c9a1e7b2d4860": true,
		"journal": false, "journal2026": false, "contosojournal2026archive": false, "j-7q3k9xw2": false, "contoso-journal-20261129-1": false,
		"12345678901234567890": false, "j": false, "abcdefghijklmnopqrstuvwxyz": false, "clawback.journal.contoso.eu1": false,
	} {
		if bits := unguessable(local); bits >= leastBits != enough {
			t.Errorf("%s: %d bits", local, bits)
		}
	}
}

func TestCheckAddresses(t *testing.T) {
	cfg := &config.Config{Hostname: "gw.example.com"}
	tenant := func(address, alternate string) *config.Tenant {
		return &config.Tenant{Name: "contoso", Domains: []string{"contoso.example"}, Addresses: []config.Address{{Address: address}}, AlternateMailbox: alternate}
	}
	const good = "j-5f3c9a1e7b2d4860"
	for name, c := range map[string]struct {
		tenant *config.Tenant
		grade  grade
		text   string
	}{
		"all is well":            {tenant(good+"@gw.example.com", "lost@archive.example"), fine, "nobody can guess"},
		"guessable":              {tenant("journal@gw.example.com", "lost@archive.example"), attention, "can be guessed"},
		"own domain":             {tenant(good+"@contoso.example", "lost@archive.example"), bad, "a domain of the tenant"},
		"a subdomain is another": {tenant(good+"@gw.contoso.example", "lost@archive.example"), fine, ""},
	} {
		list := checkAddresses(cfg, c.tenant)
		if len(list) != 1 {
			t.Fatalf("%s: %+v", name, list)
		}
		wantFinding(t, name, list[0], c.grade, c.text)
		if strings.Contains(list[0].Text+list[0].Remedy, good) {
			t.Errorf("%s: the address is told: %+v", name, list[0])
		}
	}
	list := checkAddresses(cfg, tenant(good+"@gw.example.com", "lost@CONTOSO.example"))
	wantFinding(t, "alternate mailbox", list[len(list)-1], bad, "would be journaled")
}

func TestCheckCredential(t *testing.T) {
	graph := func(edit func(*config.Graph)) *config.Tenant {
		x := &config.Tenant{Name: "contoso", ID: "11111111-2222-4333-8444-555555555555", Graph: config.Graph{
			Cloud: "global", ClientID: "11111111-2222-4333-8444-666666666666", ClientSecretFile: "s", ClientSecret: config.NewSecret("s")}}
		edit(&x.Graph)
		return x
	}
	for name, c := range map[string]struct {
		edit  func(*config.Graph)
		grade grade
		text  string
	}{
		"placeholder":    {func(g *config.Graph) { g.ClientID = unregistered }, bad, "clawback setup exchange contoso"},
		"not said":       {func(*config.Graph) {}, attention, "client_secret_ends"},
		"over":           {func(g *config.Graph) { g.ClientSecretEnds = time.Now().Add(-time.Hour) }, bad, "it ended on"},
		"soon":           {func(g *config.Graph) { g.ClientSecretEnds = time.Now().AddDate(0, 0, 29) }, attention, "it ends on"},
		"in a long time": {func(g *config.Graph) { g.ClientSecretEnds = time.Now().AddDate(0, 0, 31) }, fine, "valid until"},
	} {
		list := checkCredential(graph(c.edit))
		if len(list) != 1 {
			t.Fatalf("%s: %+v", name, list)
		}
		wantFinding(t, name, list[0], c.grade, c.text)
	}
}

// signed makes a certificate for a name, signed by another one or by itself.
func signed(t *testing.T, name string, ends time.Time, by *tls.Certificate) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-48 * time.Hour),
		NotAfter: ends, BasicConstraintsValid: true, IsCA: !strings.Contains(name, ".") && name != "localhost", KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	if !template.IsCA {
		template.DNSNames = []string{name}
	}
	parent, signer := template, any(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// smtpAt serves SMTP with a certificate, and answers the port.
func smtpAt(t *testing.T, c *tls.Certificate) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return taker{}, nil }))
	if c != nil {
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*c}}
	}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
}

// The port is looked at as a stranger does who verifies.
func TestCheckPort(t *testing.T) {
	later := time.Now().AddDate(0, 3, 0)
	root := signed(t, "root", later, nil)
	between := signed(t, "intermediate", later, root)
	roots := x509.NewCertPool()
	roots.AddCert(root.Leaf)
	whole := signed(t, "localhost", later, between)
	whole.Certificate = append(whole.Certificate, between.Certificate[0])
	other := signed(t, "other.example", later, root)
	for name, c := range map[string]struct {
		certificate *tls.Certificate
		grade       grade
		text        string
	}{
		"whole chain":      {whole, fine, "certificate of intermediate, verified"},
		"incomplete chain": {signed(t, "localhost", later, between), bad, "fullchain.pem"},
		"self-signed":      {signed(t, "localhost", later, nil), bad, "is of no public CA"},
		"another name":     {other, bad, "is for other.example"},
		"over":             {signed(t, "localhost", time.Now().Add(-time.Hour), root), bad, "expired"},
		"no TLS":           {nil, bad, "STARTTLS"},
	} {
		wantFinding(t, name, checkPort(t.Context(), "localhost", smtpAt(t, c.certificate), roots), c.grade, c.text)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
	ln.Close()
	wantFinding(t, "nobody", checkPort(t.Context(), "localhost", port, roots), attention, "start the daemon")
	wantFinding(t, "no name", checkPort(t.Context(), "nowhere.invalid", port, roots), bad, "leads nowhere")
}

// What is said of the way to the alternate mailbox is what was seen.
func TestCheckAlternate_saysHow(t *testing.T) {
	tenant := &config.Tenant{Name: "contoso", AlternateMailbox: "lost@archive.invalid", Relay: &config.Relay{Host: "127.0.0.1", Port: 1, TLS: "none"}}
	list := checkAlternate(t.Context(), &config.Config{Hostname: "gw.example.com"}, tenant)
	wantFinding(t, "refused", list[len(list)-1], bad, "none is lost")
	tenant.Relay.Port, _ = strconv.Atoi(smtpAt(t, nil))
	list = checkAlternate(t.Context(), &config.Config{Hostname: "gw.example.com"}, tenant)
	last := list[len(list)-1]
	wantFinding(t, "plain relay", last, fine, "the relay 127.0.0.1 takes mail for it", "in the clear")
	if strings.Contains(last.Text, "verified") {
		t.Errorf("nothing was verified: %s", last.Text)
	}
}

// taker takes every recipient.
type taker struct{}

func (taker) Mail(string, *smtp.MailOptions) error { return nil }
func (taker) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (taker) Data(io.Reader) error                 { return nil }
func (taker) Reset()                               {}
func (taker) Logout() error                        { return nil }

// Findings in text have their grade first and the remedy beneath; only what is bad fails.
func TestShowFindings(t *testing.T) {
	list := []finding{topic("a").fine("is well"), topic("b").warn("is odd", "look"), topic("c").bad("is wrong", "mend it")}
	var out, errOut bytes.Buffer
	a := &app{out: &out, errOut: &errOut}
	if err := a.showFindings(list); err == nil || err.Error() != "1 problem to mend" {
		t.Error(err)
	}
	if want := "ok      a: is well\nwarning b: is odd\n        -> look\nbad     c: is wrong\n        -> mend it\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
	if err := a.showFindings(list[:2]); err != nil || !strings.Contains(errOut.String(), "1 warning") {
		t.Error(err, errOut.String())
	}
	out.Reset()
	a.json = true
	if err := a.showFindings(list); err == nil ||
		!strings.Contains(out.String(), `{"grade":"bad","what":"c","text":"is wrong","remedy":"mend it"}`) {
		t.Errorf("%v %s", err, out.String())
	}
}
