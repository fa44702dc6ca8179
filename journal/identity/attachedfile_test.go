package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/outlooktest"
)

const delivered = "Received: from evil.example by contoso.example\r\n with SMTP; Mon, 02 Nov 2026 10:00:00 +0000\r\n" +
	bait

// file is a message with a file in it.
func file(kind, name, octets string) string {
	return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee attached.\r\n--b\r\n" +
		outlooktest.Part(kind, name, []byte(octets)) + "--b--\r\n"
}

func phish() outlooktest.Message {
	return outlooktest.Message{ID: "<bait@evil.example>", Subject: "Invoice", Body: "Pay here.",
		Header: "Received: from evil.example\r\nX-MS-Exchange-Organization-Network-Message-Id: " + network + "\r\nMessage-ID: <bait@evil.example>\r\n"}
}

func sum(octets string) string {
	h := sha256.Sum256([]byte(octets))
	return hex.EncodeToString(h[:])
}

func TestCarried_inEveryKindOfFile(t *testing.T) {
	eml := []Attached{{MessageID: "<bait@evil.example>", Contents: of(t, bait).Contents()}}
	own := []Attached{{MessageID: "<bait@evil.example>", NetworkMessageIDs: []string{network}}}
	outer := func(files ...string) outlooktest.Message { return outlooktest.Message{ID: "<fwd@x>", Files: files} }
	within := outlooktest.Message{ID: "<fwd@x>", Attached: []outlooktest.Message{phish()}}
	fwd := Attached{MessageID: "<fwd@x>"}
	binary := "Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: binary\r\n\r\n" +
		string(within.TNEF())
	for _, c := range []struct {
		name, text string
		want       []Attached
	}{
		{"an octet stream", file("application/octet-stream", "Invoice.eml", delivered), eml},
		{"without a name that tells", file("application/octet-stream", "", delivered), eml},
		{"message/rfc822 in base64", file("message/rfc822", "Invoice.eml", delivered), eml},
		{"message/global", file("message/global", "Invoice.eml", delivered), eml},
		{"a file in a file", file("application/octet-stream", "a.eml", file("application/octet-stream", "b.eml", delivered)), []Attached{{Contents: "-"}, eml[0]}},
		{".msg", file("application/vnd.ms-outlook", "Invoice.msg", string(phish().MSG())), own},
		{".msg under another name", file("application/octet-stream", "a.doc", string(phish().MSG())), own},
		{".msg within a .msg", file("application/octet-stream", "a.msg", string(within.MSG())), []Attached{fwd, own[0]}},
		{".eml within a .msg", file("application/octet-stream", "a.msg", string(outer(delivered).MSG())), []Attached{fwd, eml[0]}},
		{".msg within a .eml", file("application/octet-stream", "a.eml", file("application/vnd.ms-outlook", "a.msg", string(phish().MSG()))), []Attached{{Contents: "-"}, own[0]}},
		{"winmail.dat", file("application/ms-tnef", "winmail.dat", string(within.TNEF())), own},
		{"winmail.dat is all there is", binary, own},
		{".eml within a winmail.dat", file("application/ms-tnef", "winmail.dat", string(outer(delivered).TNEF())), eml},
		{".msg within a winmail.dat", file("application/ms-tnef", "winmail.dat", string(outer(string(phish().MSG())).TNEF())), own},
		{"a document", file("application/pdf", "a.pdf", "%PDF-1.7\nMessage-ID: <bait@evil.example>\n"), nil},
		{"text with a colon", file("application/octet-stream", "a.log", "Started: now\nall is well\nMessage-ID: <bait@evil.example>\n"), nil},
		{"text", file("text/plain", "a.txt", "Message-ID: <bait@evil.example>\n\nis what it said\n"), nil},
		{"nothing", file("application/octet-stream", "a.eml", ""), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := of(t, c.text).Attached
			for i, a := range c.want {
				if a.Contents == "-" && i < len(got) && got[i].Contents != "" { // some contents of its own
					got[i].Contents = "-"
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is found in a file changes nothing of how its message compares: the file counts octet by octet.
func TestCarried_leavesTheDigestsAlone(t *testing.T) {
	for _, octets := range []string{delivered, string(phish().MSG()), string(phish().TNEF()), "From: x\n", strings.Repeat("A: b\n", 5000)} {
		a, b := of(t, file("application/octet-stream", "a", octets)),
			of(t, file("application/octet-stream", "b", octets+"\n"))
		if len(a.Parts) != 2 || a.Parts[1].SHA256 != sum(octets) || b.Parts[1].SHA256 == a.Parts[1].SHA256 {
			t.Errorf("of %.20q: parts %v", octets, a.Parts)
		}
	}
}

// A file whose encoding breaks off is compared as it stands, and what was found before that is a hint still.
func TestCarried_brokenEncoding(t *testing.T) {
	body := base64.StdEncoding.EncodeToString([]byte(delivered+strings.Repeat(" ", 9000))) + "\r\n!!!\r\n"
	m := of(t, "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"+body)
	if len(m.Parts) != 1 || m.Parts[0].SHA256 != sum(body) {
		t.Errorf("parts %v", m.Parts)
	}
	if len(m.Attached) != 1 || m.Attached[0].MessageID != "<bait@evil.example>" {
		t.Errorf("attached %+v", m.Attached)
	}
}

func TestCarried_networkMessageIDs(t *testing.T) {
	header := "X-MS-Office365-Filtering-Correlation-Id: " + strings.Repeat("f", 100) + "\r\n"
	for i := range 20 {
		header += fmt.Sprintf("X-MS-Office365-Filtering-Correlation-Id: %08d-0000-0000-0000-000000000000\r\n", i)
	}
	got := of(t, wrapped("", header+"X-MS-Exchange-Organization-Network-Message-Id: "+network+"\r\n"+bait)).Attached
	if len(got) != 1 || len(got[0].NetworkMessageIDs) != 8 || got[0].NetworkMessageIDs[0] != network {
		t.Errorf("attached %+v", got)
	}
}

func TestCarried_isBounded(t *testing.T) {
	deep := delivered
	for range 40 {
		deep = file("application/octet-stream", "a.eml", deep)
		if len(deep) > 4<<20 {
			break
		}
	}
	many := outlooktest.Message{}
	for i := range 100 {
		many.Attached = append(many.Attached, outlooktest.Message{ID: fmt.Sprintf("<%d@x>", i)})
	}
	files := outlooktest.Message{Files: append(make([]string, 2*maxFiles), delivered)}
	for i := range files.Files[:2*maxFiles] {
		files.Files[i] = "f"
	}
	if got := of(t, file("x/y", "a", string(files.TNEF()))).Attached; got != nil {
		t.Errorf("after %d files one more is looked into: %+v", 2*maxFiles, got)
	}
	for name, text := range map[string]string{
		"files in files": deep, "many in a .msg": file("x/y", "a", string(many.MSG())), "many in a winmail.dat": file("x/y", "a", string(many.TNEF())),
	} {
		if got := of(t, text).Attached; len(got) == 0 || len(got) > maxAttached {
			t.Errorf("%s: %d are kept", name, len(got))
		}
	}
}

// Memory does not grow with files that are looked into as they pass by; of a .msg file only so much is held.
func TestCarried_memory(t *testing.T) {
	const size = 48 << 20
	bomb := string(phish().MSG()[:512])
	for name, begin := range map[string]string{"eml": delivered, "msg": bomb, "tnef": string(phish().TNEF())} {
		t.Run(name, func(t *testing.T) {
			head := "Content-Type: application/octet-stream\r\n\r\n" + begin
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := Of(io.MultiReader(strings.NewReader(head), &zeros{size})); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > maxCompound+(4<<20) {
				t.Errorf("%d octets were allocated for a message of %d", got, size)
			}
		})
	}
}

type zeros struct{ n int }

func (z *zeros) Read(b []byte) (int, error) {
	if z.n == 0 {
		return 0, io.EOF
	}
	n := min(len(b), z.n)
	clear(b[:n])
	z.n -= n
	return n, nil
}

func FuzzCarried(f *testing.F) {
	f.Add([]byte(delivered))
	f.Add(phish().MSG())
	f.Add(outlooktest.Message{ID: "<fwd@x>", Attached: []outlooktest.Message{phish()}, Files: []string{delivered, string(phish().MSG())}}.TNEF())
	f.Fuzz(func(t *testing.T, b []byte) {
		m := of(t, "Content-Type: application/octet-stream\r\n\r\n"+string(b))
		if len(m.Attached) > maxAttached || len(m.Parts) > 1 {
			t.Fatalf("%d attached, %d parts", len(m.Attached), len(m.Parts))
		}
		if len(m.Parts) == 1 && m.Parts[0].SHA256 != sum(string(b)) {
			t.Fatal("looking into a file changed its digest")
		}
	})
}
