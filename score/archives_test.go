package score

import (
	"os"
	"path/filepath"
	"testing"
)

func TestScore_encryptedArchiveWithItsPasswordInTheText(t *testing.T) {
	s := scorer(t, Options{})
	for _, name := range []string{"encrypted.7z", "locked.7z", "encrypted.arj"} { // the second hides its names, too
		body, err := os.ReadFile(filepath.Join("attach", "testdata", "archives", name))
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]bool{"The password is 1234.": true, "See the file.": false} {
			m := run(t, s, attached("", text, name, "application/octet-stream", body))
			if got := has(m, "attachment.encrypted_password"); got != want {
				t.Errorf("%s, %q: %v, want %v", name, text, got, want)
			}
			if got := has(m, "attachment.encrypted"); got == want {
				t.Errorf("%s, %q: encrypted %v", name, text, got)
			}
		}
	}
}
