package extract

import (
	"strings"
	"testing"
)

// Messages that lie encoded in each other are decoded up to a bound in all, which is told.
func TestRead_nestedEncodingsAreBounded(t *testing.T) {
	inner := "Content-Type: text/plain\r\n\r\n" + strings.Repeat("hello there, this is =3D a line\r\n", 100)
	for range 10 {
		inner = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
			strings.NewReplacer("=", "=3D", ":", "=3A").Replace(inner)
	}
	for _, octets := range []int64{24 << 20, int64(len(inner))} {
		limits := Default()
		limits.Octets = octets
		m, err := Read(strings.NewReader(inner), int64(len(inner)), limits)
		if err != nil {
			t.Fatal(err)
		}
		if m.nested == 0 {
			t.Fatal("nothing was decoded: the test shows nothing")
		}
		if bounded := m.nested > nestedFactor*octets; bounded != (len(m.NotRead) > 0) {
			t.Errorf("%d bytes of %d decoded, told %v", m.nested, octets, m.NotRead)
		}
	}
	small := Default()
	small.Octets = 1 << 10
	m, err := Read(strings.NewReader(inner[:1<<10]), 1<<10, small)
	if err != nil || m.nested > (nestedFactor+1)*small.Octets {
		t.Errorf("%d bytes decoded, %v", m.nested, err)
	}
	m = &Mail{limits: small, nested: nestedFactor * small.Octets}
	if got := m.decodeNested([]byte("aGVsbG8="), "base64", "1"); got != nil || len(m.NotRead) != 1 {
		t.Errorf("beyond the bound: %q, told %v", got, m.NotRead)
	}
}
