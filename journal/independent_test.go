package journal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/needs"
)

// plainReport is what net/mail and mime/multipart make of a report: another reading of the same octets.
type plainReport struct {
	Sender, Subject, MessageID string
	Recipients                 []string // "recipient a@example.com"
	Originals                  []string // hex SHA-256, sorted
	InnerIDs                   []string // Message-ID of each, sorted
}

// readPlainly reads a report of the common form; ok is false for all others.
func readPlainly(eml []byte) (p plainReport, ok bool) {
	m, err := mail.ReadMessage(bytes.NewReader(eml))
	if err != nil {
		return p, false
	}
	if _, marked := m.Header["X-Ms-Journal-Report"]; !marked {
		return p, false
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" || params["boundary"] == "" {
		return p, false
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for i := 0; ; i++ {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			slices.Sort(p.Originals)
			slices.Sort(p.InnerIDs)
			return p, len(p.Originals) > 0
		}
		if err != nil || !p.readPart(part, i) {
			return p, false
		}
	}
}

func (p *plainReport) readPart(part *multipart.Part, i int) bool {
	body, err := io.ReadAll(part)
	kind, params, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
	encoding := part.Header.Get("Content-Transfer-Encoding")
	identity := encoding == "" || encoding == "7bit" || encoding == "binary"
	ascii := params["charset"] == "us-ascii" || params["charset"] == "iso-8859-1" || params["charset"] == ""
	if err != nil || !identity || !ascii {
		return false
	}
	switch {
	case i == 0 && kind == "text/plain":
		p.fields(body)
		return !slices.ContainsFunc(body, func(c byte) bool { return c >= 0x80 })
	case kind == "message/rfc822":
		sum := sha256.Sum256(body)
		p.Originals = append(p.Originals, hex.EncodeToString(sum[:]))
		inner, err := mail.ReadMessage(bytes.NewReader(body))
		if err != nil {
			return false
		}
		p.InnerIDs = append(p.InnerIDs, inner.Header.Get("Message-Id"))
	}
	return true
}

func (p *plainReport) fields(body []byte) {
	lines := bufio.NewScanner(bytes.NewReader(body))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimSpace(value)
		switch name = strings.ToLower(name); name {
		case "sender":
			p.Sender = unbracket(value)
		case "subject":
			p.Subject = value
		case "message-id":
			p.MessageID = value
		case "to", "cc", "bcc", "recipient":
			if value != "" {
				p.Recipients = append(p.Recipients, name+" "+value)
			}
		}
	}
}

func unbracket(s string) string { return strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">") }

// plainly puts a parsed report into the same terms. Redirections are put back as they are written.
func plainly(r *Report, src []byte) plainReport {
	p := plainReport{Sender: r.Sender, Subject: r.Subject, MessageID: r.MessageID}
	for _, rcpt := range r.Recipients {
		text := string(rcpt.Type) + " " + rcpt.Address
		if rcpt.ExpandedFrom != "" {
			text += ", Expanded: " + rcpt.ExpandedFrom
		}
		if rcpt.ForwardedFrom != "" {
			text += ", Forwarded: " + rcpt.ForwardedFrom
		}
		p.Recipients = append(p.Recipients, text)
	}
	for _, o := range r.Originals {
		b, _ := io.ReadAll(o.Open(bytes.NewReader(src)))
		sum := sha256.Sum256(b)
		p.Originals = append(p.Originals, hex.EncodeToString(sum[:]))
		p.InnerIDs = append(p.InnerIDs, o.MessageID)
	}
	slices.Sort(p.Originals)
	slices.Sort(p.InnerIDs)
	return p
}

// TestParse_agreesWithStandardLibrary compares every golden that the standard library can read.
func TestParse_agreesWithStandardLibrary(t *testing.T) {
	// What they mean to show is that the two differ: fields outside the common form.
	differs := []string{"expanded-without-comma", "angle-brackets", "quoted-local-parts", "empty-values", "exchange-2007",
		"lf-report-crlf-original", "field-twice", "envelope-after-original", "sender-list-and-names",
		"forwarded-with-marker", "message-id-differs"}
	compared := 0
	for _, name := range groups(t) {
		_, base, _ := strings.Cut(filepath.Base(name), "-")
		eml := readFile(t, name+".eml")
		want, ok := readPlainly(eml)
		if !ok || slices.Contains(differs, base) {
			continue
		}
		compared++
		if diff := cmp.Diff(want, plainly(parseBytes(t, eml), eml)); diff != "" {
			t.Errorf("%s (-standard library +ours):\n%s", base, diff)
		}
	}
	if compared < 20 {
		t.Errorf("only %d goldens were compared", compared)
	}
	t.Logf("%d goldens compared", compared)
}

// sharedSamples answers the directory of real reports, which lie beside the checkout and never in it.
func sharedSamples(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(dir, "..", "shared", "data", "journal-samples")
	_, err = os.Stat(dir)
	needs.Samples(t, "real journal reports", err)
	return dir
}

func TestParse_realReports(t *testing.T) {
	dir := sharedSamples(t)
	names, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil || len(names) < 6 {
		t.Fatalf("%d reports in %s, error %v", len(names), dir, err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			eml := readFile(t, name)
			r := parseBytes(t, eml)
			want, ok := readPlainly(eml)
			if !ok {
				t.Fatal("the standard library does not read it")
			}
			if diff := cmp.Diff(want, plainly(r, eml)); diff != "" {
				t.Errorf("(-standard library +ours):\n%s", diff)
			}
			checkReal(t, r, !strings.Contains(name, "onprem"))
		})
	}
}

// checkReal holds for each of the six, by reading them: one recipient, of the field that internet mail has; one
// original; the Journal Agent's signs; and from Exchange Online what names the tenant.
func checkReal(t *testing.T, r *Report, online bool) {
	t.Helper()
	if r.Kind != KindReport || !r.FirstHand || len(r.Problems) != 0 {
		t.Errorf("kind %s, first-hand %v, problems %q", r.Kind, r.FirstHand, r.Problems)
	}
	if len(r.Recipients) != 1 || r.Recipients[0].Type != Unlabeled || len(r.Originals) != 1 ||
		r.Originals[0].Decrypted {
		t.Errorf("%d recipients, %d originals", len(r.Recipients), len(r.Originals))
	}
	if r.MessageID != r.Outer.ParentMessageID || r.MessageID != r.Originals[0].MessageID {
		t.Errorf("the three Message-IDs of the original differ")
	}
	if !strings.HasPrefix(r.Outer.Sender, "MicrosoftExchange") ||
		!strings.HasSuffix(r.Outer.MessageID, "@journal.report.generator>") {
		t.Errorf("outer header: %+v", r.Outer)
	}
	if r.NetworkMessageID == "" || online != (r.Inner.OrganizationID != "") || online != (r.Outer.OriginatorOrg != "") {
		t.Errorf("outer %+v, inner %+v", r.Outer, r.Inner)
	}
	if online && r.Inner.Directionality != "Incoming" {
		t.Errorf("directionality %q", r.Inner.Directionality)
	}
}

// TestParse_realNDRs: none of the three carries a journal report.
func TestParse_realNDRs(t *testing.T) {
	found := 0
	err := filepath.WalkDir(filepath.Join(sharedSamples(t), "ndr"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		found++
		r := parseBytes(t, readFile(t, name))
		if r.Kind != KindNotReport || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "no journal report") {
			t.Errorf("%s: kind %s, problems %q", d.Name(), r.Kind, r.Problems)
		}
		return nil
	})
	if err != nil || found != 3 {
		t.Errorf("%d non-delivery reports, error %v", found, err)
	}
}
