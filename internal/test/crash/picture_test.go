package crash

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/mailgen"
)

// withPictures is a letter of two pictures that nothing speaks against.
func (s *sender) withPictures() *letter {
	s.t.Helper()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 64, 64))); err != nil {
		s.t.Fatal(err)
	}
	archive := mailgen.Zip(false, mailgen.File{Name: "pallet.png", Body: picture.Bytes()})
	part := "--pic\r\nContent-Type: application/zip; name=pallets.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString(archive) + "\r\n"
	l := compose(s.t, left, s.next)
	s.next++
	l.report = bytes.Replace(l.report, []byte("Content-Type: text/plain; charset=utf-8\r\n"),
		[]byte("Content-Type: multipart/mixed; boundary=pic\r\n\r\n"+strings.Repeat(part, 2)+
			"--pic\r\nContent-Type: text/plain; charset=utf-8\r\n"), 1)
	l.report = bytes.Replace(l.report, []byte("\r\nWarehouse\r\n"), []byte("\r\nWarehouse\r\n--pic--\r\n"), 1)
	l.deliver(s.t, s.bed)
	s.all = append(s.all, l)
	return l
}

// children are the processes that run the daemon's program to look into files.
func children(t *testing.T) (pids []string) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range processes {
		exe, _ := os.Readlink(filepath.Join(dir, "exe"))
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		if exe == binary && !bytes.Contains(line, []byte("serve")) {
			pids = append(pids, filepath.Base(dir))
		}
	}
	return pids
}

// SIGTERM ends the daemon within its grace while the children do not end with any of the pictures that they look into,
// whether they compute or wait; no child outlives it. Nothing is lost, that a picture was not read is no reason against
// the mail that was given back, and the next start judges it.
func TestAttack_stopAmidPicturesWithoutEnd(t *testing.T) {
	for _, action := range []string{"spin", "hang"} {
		t.Run(action, func(t *testing.T) { stopAmidPictures(t, action) })
	}
}

func stopAmidPictures(t *testing.T, action string) {
	const letters = 6
	bed := newBed(t)
	s := &sender{t: t, bed: bed}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := bed.Start(ctx, "CLAWBACK_FAILPOINT=child.file="+action); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	conn, err := bed.Dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for range letters {
		l := s.withPictures()
		err := send(conn, l.report)
		if s.settle(l, err == nil); err != nil {
			t.Fatal(err)
		}
	}
	// Ordinary mail is judged beside them.
	for range 6 {
		l := s.nextLetter()
		err := send(conn, l.report)
		if s.settle(l, err == nil); err != nil {
			t.Fatal(err)
		}
	}
	conn.Close()
	events := func(name string) int {
		log, err := os.ReadFile(bed.LogFile())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(log), "event="+name)
	}
	ends := func() int { return events("item.processed") + events("item.bounced") }
	for ends() < 6 && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	if events("item.processed")+events("item.bounced") >= 6+letters || len(children(t)) == 0 {
		t.Fatalf("no child looks into a file: the test shows nothing\n%s", bed.LogTail())
	}
	if err := bed.Stop(); err != nil {
		t.Errorf("stop: %v\n%s", err, bed.LogTail())
	}
	for ctx.Err() == nil && len(children(t)) > 0 {
		time.Sleep(time.Millisecond)
	}
	if pids := children(t); len(pids) > 0 {
		t.Errorf("the children %v have outlived the daemon", pids)
	}
	givenBack, ended := events("pipeline.unfinished"), ends()-6
	if givenBack == 0 || givenBack+ended != letters {
		t.Errorf("of %d reports %d were given back and %d ended\n%s", letters, givenBack, ended, bed.LogTail())
	}
	if err := bed.Start(ctx); err != nil {
		t.Fatalf("start again: %v\n%s", err, bed.LogTail())
	}
	if err := idle(ctx, bed, len(s.all)); err != nil {
		t.Errorf("not idle in the end: %v", err)
	}
	notRead := 0
	for _, l := range s.all[:letters] {
		m, err := client.Do(ctx, bed.Client, api.ShowMessage, api.MessageRef{Key: l.messageID})
		if err != nil {
			t.Errorf("%s: %v", l.messageID, err)
		}
		for _, r := range m.Record.Verdict.Reasons {
			if strings.HasPrefix(r.ID, "attachment.") || strings.Contains(r.Text, "could not be looked into") {
				notRead++
				break
			}
		}
	}
	if notRead > ended {
		t.Errorf("%d messages have a picture that was not read as a reason, %d ended before the stop", notRead, ended)
	}
	settle(ctx, t, bed, s)
}
