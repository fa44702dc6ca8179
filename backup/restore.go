package backup

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"filippo.io/age"
)

// Partial is the directory, in the state directory, that a restore writes into.
const Partial = "restore.partial"

// Restored is the file, in the state directory, that says that it came from a backup.
const Restored = "restored.json"

// ErrNotEmpty means that there is something where a backup was to be put.
var ErrNotEmpty = errors.New("it is not empty: a backup is put back into an empty directory alone")

// ErrUnfinished means that a restore was interrupted.
var ErrUnfinished = errors.New("a restore was interrupted: empty the directory, and restore again")

// Origin is what Restored says.
type Origin struct {
	Backup   About     `json:"backup"`
	Restored time.Time `json:"restored"`
}

// Since is the time from which on what is made was made after the restore. A clock that was set back meanwhile does not
// make what the backup has seem newer than it.
func (o Origin) Since() time.Time {
	if o.Backup.At.After(o.Restored) {
		return o.Backup.At
	}
	return o.Restored
}

// ageIntro is what a file begins with that age has encrypted.
const ageIntro = "age-encryption.org/"

// Restore puts a backup into dir, which is empty or not there. Identities decrypt it where it is encrypted.
func Restore(r io.Reader, dir string, identities ...age.Identity) (Summary, error) {
	if err := empty(dir); err != nil {
		return Summary{}, fmt.Errorf("%s: %w", dir, err)
	}
	in, err := decrypted(r, identities)
	if err != nil {
		return Summary{}, err
	}
	partial := filepath.Join(dir, Partial)
	if err := os.Mkdir(partial, 0o700); err != nil {
		return Summary{}, err
	}
	s, err := extract(in, partial)
	if err != nil {
		return s, errors.Join(err, os.RemoveAll(partial))
	}
	return s, settle(dir)
}

func empty(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = ErrNotEmpty
	}
	return err
}

func decrypted(r io.Reader, identities []age.Identity) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	intro, _ := in.Peek(len(ageIntro)) // what is shorter is no backup, which is said later
	if string(intro) != ageIntro {
		return in, nil
	}
	if len(identities) == 0 {
		return nil, errors.New("it is encrypted: name the file with the age identity that it was encrypted to " +
			"(--identity)")
	}
	out, err := age.Decrypt(in, identities...)
	if err != nil {
		return nil, fmt.Errorf("decrypt: %w", err)
	}
	return out, nil
}

// extract writes the files of a backup below dir, durably.
func extract(r io.Reader, dir string) (Summary, error) {
	s, err := read(r, func(name string, body io.Reader) error {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, body)
		return errors.Join(err, f.Sync(), f.Close())
	})
	if err != nil {
		return s, err
	}
	for _, name := range []string{"queue.db", "store"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return s, fmt.Errorf("it lacks %s", name)
		}
	}
	return s, errors.Join(noteOrigin(dir, s.About), likeOwner(dir), syncTree(dir))
}

func noteOrigin(dir string, about About) error {
	text, err := json.Marshal(Origin{about, time.Now().UTC()})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, Restored), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// settle moves what was extracted to its places. A daemon refuses a directory in which Partial is left.
func settle(dir string) error {
	partial := filepath.Join(dir, Partial)
	entries, err := os.ReadDir(partial)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(partial, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return errors.Join(syncDir(dir), os.Remove(partial), syncDir(dir))
}

// likeOwner gives what was extracted to the owner of the state directory: a person restores as root, and the daemon is
// not root.
func likeOwner(dir string) error {
	info, err := os.Stat(filepath.Dir(dir))
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(owner.Uid), int(owner.Gid))
	})
}

func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return syncDir(path)
	})
}

// Check refuses a state directory in which a restore was interrupted, and removes what a backup left that was.
func Check(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, Partial)); err == nil {
		return fmt.Errorf("%s: %w", dir, ErrUnfinished)
	}
	return os.RemoveAll(filepath.Join(dir, Scratch))
}

// Identities reads a file of age identities.
func Identities(path string) ([]age.Identity, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return age.ParseIdentities(f)
}

// Recipients parses public keys of age: age1...
func Recipients(keys []string) ([]age.Recipient, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	return age.ParseRecipients(strings.NewReader(strings.Join(keys, "\n")))
}

// OriginOf says which backup a state came from; the zero Origin when from none.
func OriginOf(dir string) (Origin, error) {
	var o Origin
	text, err := os.ReadFile(filepath.Join(dir, Restored))
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(text, &o); err != nil {
		return o, fmt.Errorf("read %s: %w; restore the backup again, or put back that file of it", Restored, err)
	}
	return o, nil
}
