package journal

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// attached gives the octets of each message that is attached.
func attached(t *testing.T, text string) (list []string) {
	t.Helper()
	found, err := Attachments(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range found {
		octets, err := io.ReadAll(o.Open(strings.NewReader(text)))
		if err != nil || int64(len(octets)) != o.Size {
			t.Errorf("%d octets of %d, %v", len(octets), o.Size, err)
		}
		list = append(list, string(octets))
	}
	return list
}

func TestAttachments_areThoseOfTheSenderAlone(t *testing.T) {
	const bad = "From: eve@shop.example\r\nMessage-ID: <1@shop.example>\r\n\r\nbad\r\n"
	encoded := base64.StdEncoding.EncodeToString([]byte(bad))
	part := func(header, body string) string { return "--b\r\n" + header + "\r\n\r\n" + body + "\r\n" }
	mixed := func(parts ...string) string {
		return "From: a@contoso.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Join(parts,
			"") + "--b--\r\n"
	}
	nested := strings.ReplaceAll(mixed(part("Content-Type: message/rfc822", bad)), "=b\r\n", "=c\r\n")
	nested = strings.ReplaceAll(nested, "--b", "--c")
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"none":                {"From: a@contoso.example\r\n\r\nhello\r\n", nil},
		"one":                 {mixed(part("Content-Type: text/plain", "look"), part("Content-Type: message/rfc822", bad)), []string{bad}},
		"a file":              {mixed(part("Content-Type: application/octet-stream; name=x.EML\r\nContent-Transfer-Encoding: base64", encoded)), []string{bad}},
		"a file of another":   {mixed(part("Content-Type: application/octet-stream; name=x.bin", bad)), nil},
		"within another's":    {mixed(part("Content-Type: message/rfc822", nested)), []string{nested}},
		"in a multipart":      {mixed(strings.Replace("--b\r\n"+nested, "From: a@contoso.example\r\n", "", 1)), []string{bad}},
		"too many":            {mixed(strings.Repeat(part("Content-Type: message/rfc822", bad), 20)), strings.Split(strings.Repeat(bad+"\x00", maxAttachments), "\x00")[:maxAttachments]},
		"nothing closes them": {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + bad, []string{bad}},
	} {
		if diff := cmp.Diff(c.want, attached(t, c.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := Attachments(strings.NewReader(nested), int64(len(nested))+5); err == nil {
		t.Error("a reader that is too short is no error")
	}
}

func FuzzAttachments(f *testing.F) {
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: x\r\n\r\n--b--\r\n"))
	f.Add([]byte(fmt.Sprintf("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/global\nContent-Transfer-Encoding: base64\n\n%s\n--b--", "RnJvbTogeAoK")))
	f.Fuzz(func(t *testing.T, octets []byte) {
		list, err := Attachments(strings.NewReader(string(octets)), int64(len(octets)))
		if err != nil || len(list) > maxAttachments {
			t.Fatalf("%d, %v", len(list), err)
		}
		for _, o := range list {
			if o.Size > int64(len(octets)) {
				t.Errorf("%d octets in %d", o.Size, len(octets))
			}
		}
	})
}
