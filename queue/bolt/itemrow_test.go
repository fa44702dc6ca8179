package bolt

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"clawback/queue"
	"clawback/spool"
)

func fullItem() queue.Item {
	at := time.Date(2026, 11, 30, 12, 1, 2, 123456789, time.UTC)
	return queue.Item{
		ID: "q33mcq0hic3ni78ncbqo0", State: queue.Ready, Changed: at, Crashes: 1, Tries: 2,
		Body: spool.Ref{File: "seg/20261130T10-4ce1137b3976beee-0001", Offset: 4096, Size: 2929, CRC: 4251737080},
		Envelope: queue.Envelope{
			Session: "s", Tenant: "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8", Purpose: queue.ForJournal, Region: "eu", MailFrom: "a@contoso.example",
			Rcpts: []string{"journal@gw.example", "other@gw.example"}, Received: at, Remote: "192.0.2.1:25", Hello: "mail.example",
			Network: "exchange-online", Exchange: true, SMTPUTF8: true, Binary: true,
			TLS: queue.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", ServerName: "gw.example",
				ClientNames: []string{"mail.protection.outlook.com"}, Verified: true, Problem: "none"},
		},
	}
}

// itemRows are rows of items: those that the short way reads, and those that it leaves to encoding/json.
func itemRows(t testing.TB) (short, long []string) {
	t.Helper()
	row := func(change func(*queue.Item)) string {
		it := fullItem()
		change(&it)
		text, err := json.Marshal(it)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	short = []string{
		row(func(*queue.Item) {}), row(func(it *queue.Item) { *it = queue.Item{Envelope: queue.Envelope{Rcpts: []string{}}} }),
		row(func(it *queue.Item) { it.Changed = it.Changed.In(time.FixedZone("", 3600)) }),
		row(func(it *queue.Item) { it.Crashes = -1 }),
		`{}`, `{"tries":1,"tries":2}`, `{"envelope":{"rcpts":["a"],"rcpts":[]},"envelope":{"hello":"x"}}`,
	}
	long = []string{
		row(func(it *queue.Item) { it.Envelope.Hello = "a<b" }), row(func(it *queue.Item) { it.Envelope.Hello = `"` }),
		row(func(it *queue.Item) { it.Envelope.Hello = "größe" }), row(func(it *queue.Item) { it.Envelope.Rcpts = nil }),
		row(func(it *queue.Item) { it.NotBefore, it.Reason, it.Cause = it.Changed, "later", queue.CauseFault }),
		row(func(it *queue.Item) { it.Trusted, it.CrashesAlone = "anna", 1 }),
		row(func(it *queue.Item) { it.Claim = queue.Claim{Owner: "a", Number: 1} }),
		`{"body":{"f":"seg/1","o":1,"n":2,"c":3}}`, `{"ID":"x"}`, `{"id": "x"}`, ` {}`, `{"what":{"is":["new"]}}`, `{"id":null}`, `null`,
		`{"envelope":{"exchange":false}}`, "{\"id\":\"\xff\"}", `{"tries":1e2}`,
	}
	return short, long
}

func TestDecodeItem_readsWhatEncodingJSONReads(t *testing.T) {
	short, long := itemRows(t)
	for i, row := range append(short, long...) {
		r, got := rowReader{rest: []byte(row)}, queue.Item{}
		r.item(&got)
		if fast := !r.failed && len(r.rest) == 0; fast != (i < len(short)) {
			t.Errorf("%s: read the short way: %v", row, fast)
		}
		checkItem(t, []byte(row))
	}
}

func TestDecodeItem_refusesWhatEncodingJSONRefuses(t *testing.T) {
	short, _ := itemRows(t)
	for cut := range short[0] {
		checkItem(t, []byte(short[0][:cut]))
		checkItem(t, []byte(short[0][:cut]+short[0][cut+1:]))
		checkItem(t, []byte(short[0][:cut]+","+short[0][cut:]))
	}
	for _, row := range []string{`{"tries":01}`, `{"tries":-}`, `{"tries":99999999999999999999}`, `{"body":{"crc32c":4294967296}}`,
		`{"body":{"crc32c":-1}}`, `{"changed":"yesterday"}`, `{"changed":""}`, `{"envelope":{"rcpts":["a",]}}`, `{"id":"a",}`, `{,}`, `{"id"}`,
		`{}{}`, "{\"id\":\"\n\"}"} {
		if decodeItem([]byte(row), &queue.Item{}) == nil {
			t.Errorf("%s is read", row)
		}
		checkItem(t, []byte(row))
	}
}

// checkItem requires that a row is read, or refused, as encoding/json does.
func checkItem(t *testing.T, row []byte) {
	t.Helper()
	var got, want queue.Item
	errGot, errWant := decodeItem(row, &got), json.Unmarshal(row, &want)
	if (errGot == nil) != (errWant == nil) {
		t.Fatalf("%q: %v, and encoding/json: %v", row, errGot, errWant)
	}
	if errWant == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%q is read as\n%+v, and by encoding/json as\n%+v", row, got, want)
	}
	if errWant == nil {
		checkWritten(t, want)
	}
}

// What is written the short way is what encoding/json writes, and what it would refuse is refused.
func TestEncodeItem_writesWhatEncodingJSONWrites(t *testing.T) {
	short, long := itemRows(t)
	for i, row := range append(short, long...) {
		var it queue.Item
		if json.Unmarshal([]byte(row), &it) != nil {
			continue
		}
		w := rowWriter{}
		if w.item(&it); i == 0 && w.failed {
			t.Errorf("%s: is not written the short way", row)
		}
		checkWritten(t, it)
	}
	far := time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, change := range []func(*queue.Item){
		func(it *queue.Item) { it.Changed = far }, func(it *queue.Item) { it.Envelope.Received = far },
		func(it *queue.Item) { it.Changed = it.Changed.In(time.FixedZone("", 24*3600)) },
		func(it *queue.Item) { it.Changed = time.Time{} },
		func(it *queue.Item) { it.ID = "a\u2028" },
		func(it *queue.Item) { it.ID = "\xff" },
		func(it *queue.Item) { it.ID = "\x7f" },
		func(it *queue.Item) { it.Envelope.Rcpts = []string{"a<b>&c"} },
		func(it *queue.Item) { it.Envelope.TLS.ClientNames = []string{} },
		func(it *queue.Item) { it.Body.Offset, it.Body.Size = 0, -1 },
		func(it *queue.Item) { it.Envelope = queue.Envelope{} },
	} {
		it := fullItem()
		change(&it)
		checkWritten(t, it)
	}
}

// checkWritten requires that an item is written, or refused, as by encoding/json.
func checkWritten(t *testing.T, it queue.Item) {
	t.Helper()
	got, errGot := encodeItem(&it)
	want, errWant := json.Marshal(it)
	if string(got) != string(want) || (errGot == nil) != (errWant == nil) {
		t.Errorf("written\n%s, %v, and by encoding/json\n%s, %v", got, errGot, want, errWant)
	}
}

func FuzzDecodeItem(f *testing.F) {
	short, long := itemRows(f)
	for _, row := range append(short, long...) {
		f.Add([]byte(row))
	}
	f.Fuzz(checkItem)
}
