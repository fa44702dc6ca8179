package score

import (
	"strings"
	"testing"

	"clawback/config"
	"clawback/internal/test/mailgen"
)

// A registered person's name is known however it is encoded, and however those write it whose keyboards lack its
// letters.
func TestVIP_nameInAllSpellings(t *testing.T) {
	s := scorer(t, Options{})
	tenant := mailgen.Tenant()
	for registered, names := range map[string]map[string]bool{
		"Jörg Müller": {
			"=?utf-8?Q?J=C3=B6rg_M=C3=BCller?=": true, "=?utf-8?Q?J=C3=B6rg_M=C3?= =?utf-8?Q?=BCller?=": true, "=?utf-8?B?SsO2cmcgTcM?= =?utf-8?B?vGxsZXI?=": true,
			"=?utf-7?Q?J+APY-rg_M+APw-ller?=": true, "=?iso-8859-1?Q?J=F6rg_M=FCller?=": true, "=?utf-8?Q?Jo=CC=88rg_Mu=CC=88ller?=": true, // with combining marks
			"Joerg Mueller": true, "JOERG MUELLER": true, "\"Mueller, Joerg\"": true, "Jorg Muller": true, "Joerg Mueller (CEO)": true,
			"Joerg Miller": false, "Jorge Muller": false, "Joerg": false, "Mueller": false, "Joe Mueller": false,
		},
		"Joerg Mueller": {"=?utf-8?Q?J=C3=B6rg_M=C3=BCller?=": true, "Joerg Mueller": true, "=?utf-8?Q?J=C3=B6rg_Miller?=": false},
		"Søren Ågård":   {"Soeren Aagaard": true, "=?utf-8?Q?S=C3=B8ren_=C3=85g=C3=A5rd?=": true, "Soren Agard": true, "Soeren Aagesen": false},
	} {
		tenant.VIPs = []config.VIP{{Name: registered, Addresses: []string{"jm@contoso.example"}}}
		for name, want := range names {
			m := of(vary("From: " + name + " <office.private@sender.example>\n\nAre you at your desk?"))
			m.Tenant = tenant
			if r := runWith(t, s, m); has(r, "impersonation.vip") != want {
				t.Errorf("%s for %s: noticed %v, want %v: %s", name, registered, !want, want, summary(r))
			}
		}
	}
}

// What makes a signal of its own, with others of its kind, and with good mail near them.
func TestSigns_neighbours(t *testing.T) {
	injected := func(name, link string) string {
		return vary("\nHello " + name + ", set your password here: " + link)
	}
	marked := func(name, subject string) string {
		return vary("From: " + name + " <ann@sender.example>\nSubject: " + subject)
	}
	barn := strings.Repeat("the rake stands in the barn ", 15)
	hidden := func(style, text string) string {
		return page("", `<div style="`+style+`">`+barn+`</div><p>`+text+`</p>`)
	}
	for id, c := range map[string]struct{ shown, near []string }{
		"link.odd_host": {
			[]string{link("https://\u00b1shed.other.example/x", "here"), link("http://\U0001d7da.other.example/r", "here"), link("https://a&#157;b.other.example/x", "here"), link("https://\u2460shed.other.example/", "here")},
			[]string{link("https://caf\u00e9.other.example/x", "here"), link("https://xn--caf-dma.other.example/x", "here"), link("https://\u65e5\u672c.example/x", "here"), link("https://www.other.example/\u00b1", "here")},
		},
		"link.padded": {
			[]string{link("      https://www.other.example/x", "here"), link("&#32;&#32;&#32;&#32;&#104;ttps://www.other.example/x", "here"), link("\t\t\t\t\thttps://www.other.example/x", "here"), link("\t \t  https://www.other.example/x", "here")},
			[]string{link(" https://www.other.example/x", "here"), link("https://www.other.example/x   ", "here"), link("https://www.other.example/a b", "here"), link("\n      https://www.other.example/x", "here")},
		},
		"structure.form_injection": {
			[]string{injected("win-9000-now.pages.dev", "https://www.sender.example/set?u=win-9000-now.pages.dev"), injected("prize.example.com", "https://sender.example/confirm?a=1&name=prize.example.com"), injected("t.me", "https://www.sender.example/x?n=t.me")},
			[]string{injected("Bob", "https://www.sender.example/set?u=Bob"), injected("shop.sender.example", "https://www.sender.example/set?u=shop.sender.example"), injected("bob.field", "https://www.sender.example/set?u=bob.field"),
				injected("win-9000-now.pages.dev", "https://www.other.example/set?u=win-9000-now.pages.dev"), injected("you", "https://www.sender.example/set?u=win-9000-now.pages.dev")},
		},
		"structure.same_mark": {
			[]string{marked("Garden Club .WUXQA", "Two questions .WUXQA"), marked("Garden Club [KZ4]", "News [KZ4]"), marked("\"Garden Club\" #QXT", "For you #QXT")},
			[]string{marked("Garden Club", "News of the Garden Club"), marked("Ann Example", "From Ann Example"), marked("Garden Club .WUXQA", "Two questions"), marked("Garden Club .WUXQA", "Re: Two questions .WUXQA\nIn-Reply-To: <1@contoso.example>")},
		},
		"structure.hidden_preamble": {
			[]string{hidden("display:none", longText), hidden("display:none;max-height:0;overflow:hidden", longText), hidden("font-size:0", longText), hidden("visibility:hidden", longText)},
			[]string{hidden("display:block", longText), hidden("display:none", strings.Repeat(longText+" ", 3)), page("", `<div style="display:none">the rake stands in the barn</div><p>`+longText+`</p>`)},
		},
		"link.text_href_mismatch": {
			[]string{link("login.other.example/x", "https://www.bank.example/login"), link("www.other.example", "www.bank.example"), link("//other.example/x", "https://www.bank.example/")},
			[]string{link("www.bank.example/x", "https://www.bank.example/login"), link("bank.example", "www.bank.example"), link("login.other.example/x", "the bank")},
		},
	} {
		s := scorer(t, Options{})
		for i, text := range c.shown {
			if r := run(t, s, text); !has(r, id) &&
				!(id == "structure.hidden_preamble" && has(r, "structure.hidden_text")) {
				t.Errorf("%s, %d: not seen: %s", id, i, summary(r))
			}
		}
		for i, text := range c.near {
			if r := run(t, s, text); has(r, id) {
				t.Errorf("%s, near %d: seen: %s", id, i, summary(r))
			}
		}
	}
}
