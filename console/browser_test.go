package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"clawback/api"
	"clawback/internal/test/needs"
)

// axeFile is axe-core, where the installer puts it.
const axeFile = "/usr/local/lib/clawback-test/axe.min.js"

// seen is how wide a screen is, and by what light.
type seen struct {
	width, height int64
	scheme        string
}

var (
	desk  = seen{1440, 900, "light"}
	phone = seen{390, 844, "light"}
)

// browser is a tab of Debian's chromium that looks at a console.
type browser struct {
	ctx  context.Context
	url  string
	said chan chromedp.ConsoleMessage
	n    int
}

// look starts a console over a world and a browser.
func look(t *testing.T, w *world, who api.Principal) *browser {
	t.Helper()
	path := needs.Program(t, "chromium", "chromium-browser")
	b := newBench(t, w, who)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go b.Serve(ln)
	t.Cleanup(func() { b.Shutdown(context.Background()) })
	return open(t, path, "http://"+ln.Addr().String(), b.cookie)
}

// open opens a tab with a session's cookie.
func open(t *testing.T, path, address string, cookie *http.Cookie) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("font-render-hinting", "none"))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(stop)
	tab := &browser{ctx: ctx, url: address, said: make(chan chromedp.ConsoleMessage, 1000)}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			tab.said <- m
		}
	}()
	_, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value,
		URL: address, HTTPOnly: new(true), SameSite: network.CookieSameSiteStrict})
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// goes opens a page, and fails where the browser's console has anything to complain of.
func (b *browser) goes(t *testing.T, path string, as seen) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: as.scheme}}}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(as.width, as.height),
		chromedp.Navigate(b.url+path)); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	b.quiet(t, path)
}

// quiet fails where the browser's console has anything to complain of until now.
func (b *browser) quiet(t *testing.T, what string) {
	t.Helper()
	b.n++
	mark := fmt.Sprintf("looked at %d", b.n)
	tell := chromedp.Evaluate[bool](fmt.Sprintf("console.info(%q), true", mark))
	if err := chromedp.Do(b.ctx, discard(tell)); err != nil {
		t.Fatal(err)
	}
	for m := range b.said {
		if m.Text == mark {
			return
		}
		if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleException || m.Type == chromedp.ConsoleWarning {
			t.Errorf("%s: the browser says: %s (%s)", what, m, m.URL)
		}
	}
}

// discard makes a step of an action whose value nobody needs.
func discard[T any](a chromedp.Action[T]) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := a(ctx, t)
		return chromedp.Void{}, err
	}
}

// keep keeps a picture of the page with the test's output.
func (b *browser) keep(t *testing.T, name string, as seen) {
	t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(80))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.ArtifactDir(), fmt.Sprintf("%s-%d-%s.jpg", name, as.width, as.scheme))
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

// fits fails where a page is wider than the screen.
func (b *browser) fits(t *testing.T, name string, as seen) {
	t.Helper()
	over, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
	if err != nil {
		t.Fatal(err)
	}
	if over > 0 {
		t.Errorf("%s at %d is %d pixels wider than the screen", name, as.width, over)
	}
}

// violation is what axe-core finds.
type violation struct {
	ID, Help string
	Nodes    []struct{ HTML, FailureSummary string }
}

// usable fails where axe-core finds what keeps people from using a page.
func (b *browser) usable(t *testing.T, name string) {
	t.Helper()
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(b.ctx, discard(chromedp.Evaluate[bool](string(axe)+";true"))); err != nil {
		t.Fatal(err)
	}
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
		`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	var found []violation
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		for _, n := range v.Nodes[:min(len(v.Nodes), 3)] {
			t.Errorf("%s: %s: %s: %.200s\n%s", name, v.ID, v.Help, n.HTML, n.FailureSummary)
		}
	}
}

// viewed are the pages that are asked for by an address alone.
func viewed() (list []shot) {
	for _, s := range shots() {
		if s.form == nil && s.status == 0 {
			list = append(list, s.filled(evils[0]))
		}
	}
	return list
}

// Hostile mail on every page runs nothing in a real browser, breaks out of no page, and makes none wider than a
// telephone.
func TestBrowser_hostileMail(t *testing.T) {
	b := look(t, evilWorld(), api.Root("ada"))
	for _, as := range []seen{desk, phone} {
		for _, s := range viewed() {
			b.goes(t, s.path, as)
			b.fits(t, s.name, as)
			b.keep(t, s.name, as)
		}
	}
}

// Every page in every role shows itself without a complaint of the browser, and axe-core finds nothing that keeps
// people from using it, on both screens, by day and by night.
func TestBrowser_rolesAndAccess(t *testing.T) {
	needs.Time(t, "three minutes", "make test")
	needs.Installed(t, axeFile, "axe-core")
	for _, role := range []api.Role{api.Viewer, api.Analyst, api.Approver, api.Administrator} {
		t.Run(role.String(), func(t *testing.T) {
			b := look(t, kindWorld(), api.Principal{Name: "ada", All: role, Bodies: role == api.Administrator})
			screens := []seen{desk}
			if role == api.Administrator {
				screens = []seen{desk, phone, {1440, 900, "dark"}, {390, 844, "dark"}}
			}
			for _, as := range screens {
				for _, s := range viewed() {
					if role == api.Viewer && s.name == "audit" || role != api.Administrator && s.name == "text" {
						continue // refused, by a 403 that the browser's console tells
					}
					b.goes(t, s.path, as)
					b.usable(t, fmt.Sprintf("%s at %d, %s", s.name, as.width, as.scheme))
					b.fits(t, s.name, as)
					b.keep(t, s.name, as)
				}
			}
		})
	}
}

// Without script a person searches, chooses, previews and starts a job.
func TestBrowser_withoutScript(t *testing.T) {
	b := look(t, kindWorld(), api.Root("ada"))
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled,
		emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	var heading string
	step := func(name string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(b.ctx, actions...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var err error
		if heading, err = chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("h1"))); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	step("open", chromedp.Navigate(b.url+"/messages?q=invoice"))
	step("choose", chromedp.Click(chromedp.CSS("input[name=record]")), chromedp.Click(chromedp.CSS(".actions button")),
		chromedp.WaitVisible(chromedp.CSS("#confirmed, #go")))
	if heading != "Preview" {
		t.Fatalf("after the choice: %q", heading)
	}
	step("start", chromedp.SendKeys(chromedp.CSS("#confirmed"), "120"),
		chromedp.Click(chromedp.CSS("form[action='/jobs'] button")),
		chromedp.WaitVisible(chromedp.CSS("#far")))
	if !strings.HasPrefix(heading, "Job:") {
		t.Errorf("after the start: %q", heading)
	}
}

// The script shows numbers that have changed, by events.
func TestBrowser_numbersAreLive(t *testing.T) {
	w := kindWorld()
	b := look(t, w, api.Root("ada"))
	b.goes(t, "/", desk)
	w.more.Store(4321)
	const number = `document.querySelector("[data-live=records]").textContent`
	if err := chromedp.Do(b.ctx, discard(chromedp.Poll[bool](number+` === "6,721"`))); err != nil {
		shown, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](number))
		t.Fatalf("%v: %s", err, shown)
	}
	b.quiet(t, "live numbers")
}
