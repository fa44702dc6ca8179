package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/cputime"
)

// squeezed is a text with its white space made one blank each.
func squeezed(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestRead_whatIsShown(t *testing.T) {
	for name, c := range map[string]struct{ source, shown string }{
		"plain":                             {`<p>one</p><p>two`, "one two"},
		"display none":                      {`a<div style="display: none">x</div>b`, "a b"},
		"display none in capitals":          {`a<DIV STYLE="DISPLAY:NONE">x</DIV>b`, "a b"},
		"display none that is important":    {`a<div style="display:none !important">x</div>b`, "a b"},
		"display none undone within":        {`a<div style="display:none"><p style="display:block">x</p></div>b`, "a b"},
		"hidden attribute":                  {`a<p hidden>x</p>b`, "a b"},
		"hidden attribute, displayed":       {`a<p hidden style="display:block">x</p>`, "a x"},
		"template":                          {`a<template>x</template>b`, "ab"},
		"closed dialog":                     {`a<dialog>x</dialog><dialog open>y</dialog>`, "ay"},
		"visibility undone within":          {`a<div style="visibility:hidden">x<span style="visibility:visible">b</span></div>`, "a b"},
		"opacity, not undone within":        {`a<div style="opacity:0">x<span style="opacity:1">y</span></div>`, "a"},
		"size 0":                            {`a<span style="font-size:0px">x</span>b`, "ab"},
		"size 0 undone in pixels":           {`<td>?<table><tr><td style="font-size:0">x<div style="font-size:14px">a</div></table>b`, "? a b"},
		"size 0 undone in points":           {`<div style="font-size:0">x<span style="font-size:10pt">a</span></div>`, "a"},
		"size 0 undone by a word":           {`<div style="font-size:0">x<span style="font-size:medium">a</span></div>`, "a"},
		"size 0 undone by <font>":           {`<div style="font-size:0">x<font size=2>a</font></div>`, "a"},
		"size 0 times two":                  {`a<div style="font-size:0">x<span style="font-size:2em">y</span><span style="font-size:200%">z</span></div>`, "a"},
		"size 0 in rem":                     {`a<div style="font-size:0">x<span style="font-size:1rem">b</span></div>`, "a b"},
		"size 0 in the short form":          {`a<div style="font:0/0 a">x</div>b`, "a b"},
		"size 14 in the short form":         {`<div style="font-size:0"><p style="font: bold 700 14px/1.5 Arial">a</p></div>`, "a"},
		"size 1":                            {`a<span style="font-size:1px">x</span>b`, "ab"},
		"no room":                           {`a<div style="width:0;height:0;overflow:hidden">x</div>b`, "a b"},
		"no room, but no clipping":          {`a<div style="height:0">x</div>`, "a x"},
		"no height at most":                 {`a<div style="max-height:0px;overflow:hidden">x</div>b`, "a b"},
		"moved away":                        {`a<div style="position:absolute;left:-9999px">x</div>b`, "a b"},
		"indented away":                     {`a<p style="text-indent:-9999px">x</p>b`, "a b"},
		"clipped":                           {`a<p style="position:absolute;clip:rect(0,0,0,0)">x</p>b`, "a b"},
		"scaled":                            {`a<p style="transform:scale(0)">x</p>b`, "a b"},
		"white on white":                    {`a<span style="color:#fff">x</span>b`, "ab"},
		"nearly white on white":             {`a<font color="#FEFEFD">x</font>b`, "ab"},
		"white on white by name":            {`a<font color=white>x</font>b`, "ab"},
		"white on white by numbers":         {`a<span style="color:rgb(255, 255, 255)">x</span>b`, "ab"},
		"white on blue":                     {`<td>a<a href=# style="color:#fff;background-color:rgb(52, 142, 218)">b</a>`, "ab"},
		"white on a dark cell":              {`<table><tr><td bgcolor="#003366"><span style="color:#fff">a</span></td></tr></table>`, "a"},
		"white on a picture":                {`<table><tr><td background="https://a.example/x.png"><span style="color:#fff">a</span></td></tr></table>`, "a"},
		"white on a picture of its style":   {`<div style="background:url(x.png) #fff;color:#fff">a</div>`, "a"},
		"white on a gradient":               {`<div style="background:linear-gradient(red,blue);color:#fff">a</div>`, "a"},
		"white on a ground that is unknown": {`<div style="background:var(--dark)"><p style="color:#fff">a</p></div>`, "a"},
		"black on black":                    {`<body bgcolor=000000>x<font color="#eeeeee">a</font>`, "a"},
		"a button's own colours":            {`<div style="color:#fff">x<button>a</button></div>`, "a"},
		"transparent":                       {`a<span style="color:transparent">x</span>b`, "ab"},
		"hidden from Outlook alone":         {`a<div style="mso-hide:all">b</div>`, "a b"},
		"sheet, by class":                   {`<style>.pre, .x { display:none; }</style>a<div class="big PRE">x</div>b`, "a b"},
		"sheet, by id and name":             {`<style>#top{display:none} p.q{font-size:0}</style>a<div id=top>x</div><p class=q>y</p><div class=q>b</div>`, "a b"},
		"sheet, undone by the style":        {`<style>.x{display:none}</style><div class=x style="display:block">a</div>`, "a"},
		"sheet, important":                  {`<style>.x{display:none!important}</style>a<div class=x style="display:block">x</div>`, "a"},
		"sheet, for telephones":             {`<style>@media only screen and (max-width:600px){.x{display:none}}</style><div class=x>a</div>`, "a"},
		"sheet, for print":                  {`<style>@media print{.x{display:none}}</style><div class=x>a</div>`, "a"},
		"sheet, for screens":                {`<style>@media screen{.x{display:none}} .y{color:red}</style>a<div class=x>x</div>`, "a"},
		"sheet, after a comment":            {`<style><!-- /* .a{} */ @import url(x.css); .x{display:none} --></style>a<div class=x>x</div>`, "a"},
		"sheet, more than a class":          {`<style>#outlook a{display:none} .x:hover{display:none}</style><div class=x>a</div><a>b</a>`, "a b"},
		"sheet, white on a dark class":      {`<style>.d{background:#111}</style><div class=d><p style="color:#fff">a</p></div>`, "a"},
		"sheet, a ground it may set":        {`<style>.d p{background:#111}</style><div class=d><p style="color:#fff">a</p></div>`, "a"},
		"unclosed paragraph":                {`<p style="display:none">x<p>a`, "a"},
		"unclosed paragraph before a block": {`<p style="display:none">x<div>a</div>`, "a"},
		"unclosed paragraph, inline":        {`<p style="display:none">x<span>y</span>`, ""},
		"unclosed item":                     {`<ul><li style="display:none">x<li>a</ul>b`, "a b"},
		"unclosed cell":                     {`<table><tr><td style="display:none">x<td>a<tr><td>b</table>c`, "a b c"},
		"unclosed row":                      {`<table><tr style="display:none"><td>x<tr><td>a</table>`, "a"},
		"unclosed font, opened again":       {`<p><font style="display:none">x<p>y</p>z</font>a`, "a"},
		"font closed across a block":        {`<font style="display:none">x<div>y</font>a</div>b`, "a b"},
		"block moved out of a hidden span":  {`<b><span style="display:none">x<div>a</b>b</div></span>c`, "ab c"},
		"end tag of another cell's block":   {`<div style="display:none"><table><tr><td>x</div>y</td></tr></table></div>a`, "a"},
		"text between rows":                 {`<table style="display:none">a<tr><td>x</td></tr></table>b`, "ab"},
		"stray end tags":                    {`a</div></p></td></table></body></html>b`, "a b"},
		"cell outside of a table":           {`<td style="display:none">a</td>`, "a"},
		"second body":                       {`<body>a<body style="display:none">b`, "a b"},
		"caption before a cell":             {`<table><caption style="display:none">x<tr><td>a</table>`, "a"},
		"noscript":                          {`a<noscript>b <p style="display:none">x</p></noscript>c`, "ab c"},
		"script, style, title, frame":       {`<title>t</title><script>x</script><style>y</style><iframe>z</iframe>a`, "a"},
		"never closed style":                {`a<style>p{color:red}<p>x`, "a"},
		"text area and option":              {`<textarea>a</textarea><select><option>b<option>c</select>`, "a b c"},
		"frame with its own page":           {`a<iframe srcdoc="<p>b</p><p hidden>x</p>"></iframe>c`, "a b c"},
		"frame with a page in its address":  {`<iframe src="data:text/html,<b>a</b>"></iframe>`, "a"},
		"Outlook":                           {`a<!--[if mso]><p>b</p><![endif]-->c`, "a b c"},
		"Outlook, not closed":               {`a<!--[if mso]><div style="display:none">x<![endif]-->b`, "a b"},
		"other than Outlook":                {`a<!--[if !mso]><!--><p>b</p><!--<![endif]-->c<!--[if !mso]>x<![endif]-->`, "a b c"},
		"Outlook's settings":                {`<!--[if gte mso 9]><xml><o:PixelsPerInch>96</o:PixelsPerInch></xml><![endif]-->a`, "a"},
		"shape of VML":                      {`<v:roundrect style="width:9px"/>a<o:p/>b`, "ab"},
		"SVG":                               {`<svg><title>x</title><text>a</text></svg><p>b`, "a b"},
		"paragraph within SVG":              {`<svg style="display:none"><g><p>a</svg>b`, "ab"},
	} {
		p := Read(c.source)
		if got := squeezed(p.Text); got != c.shown {
			t.Errorf("%s: %s\nshown %q, want %q (hidden %q)", name, c.source, got, c.shown, squeezed(p.Hidden))
		}
	}
}

func TestRead_links(t *testing.T) {
	for name, c := range map[string]struct {
		source string
		want   string
	}{
		"anchor":                     {`<a href="https://a.example/">one <b>two</b></a>`, `anchor https://a.example/ "one two"`},
		"anchor not closed":          {`<a href="https://a.example/">one<p>two`, `anchor https://a.example/ "one two"`},
		"anchor ended by its cell":   {`<table><tr><td><a href="https://a.example/">one<td>two</table>`, `anchor https://a.example/ "one"`},
		"anchor ended by another":    {`<a href="https://a.example/">one<a href="https://b.example/">two`, `anchor https://a.example/ "one", anchor https://b.example/ "two"`},
		"anchor in what is hidden":   {`<div style="display:none"><a href="https://a.example/">one</a></div>`, `anchor https://a.example/ hidden`},
		"anchor whose text is":       {`<a href="https://a.example/"><span style="font-size:0">one</span></a>`, `anchor https://a.example/ hidden`},
		"anchor of a picture":        {`<div style="font-size:0"><a href="https://a.example/"><img src="https://b.example/x.png"></a></div>`, `image https://b.example/x.png, anchor https://a.example/ picture`},
		"area":                       {`<map><area href="https://a.example/"></map>`, `anchor https://a.example/ picture`},
		"form and its button":        {`<form action="https://a.example/"><button formaction="https://b.example/">x</button></form>`, `form https://a.example/, form https://b.example/`},
		"field of a form":            {`<input type=submit formaction=https://a.example/>`, `form https://a.example/`},
		"in the text":                {`<p>see https://a.example/x.</p>`, `text https://a.example/x`},
		"in the text, in two parts":  {`<p>see https://a.exam<b>ple/x</b></p>`, `text https://a.example/x`},
		"in two cells":               {`<table><tr><td>https://a.example/</td><td>x</td></tr></table>`, `text https://a.example/`},
		"in preformatted text":       {"<pre>\nhttps://a.example/\n</pre>", `text https://a.example/`},
		"in the text without scheme": {`go to www.a.example/x now, or to WWW.B.example`, `text http://www.a.example/x, text http://WWW.B.example`},
		"in what is hidden":          {`<p hidden>https://a.example/</p>`, ``},
		"in the label alone":         {`<a href="https://a.example/">https://b.example/</a>`, `anchor https://a.example/ "https://b.example/"`},
		"in a label without address": {`<a name=top>https://b.example/</a>`, `text https://b.example/`},
		"address without scheme":     {`<a href="a.example/x">x</a><a href="www.b.example">y</a>`, `anchor http://a.example/x "x", anchor http://www.b.example "y"`},
		"address without host":       {`<a href="#top">x</a><a href="page.html">y</a><a href="/z">z</a>`, `anchor #top "x", anchor page.html "y", anchor /z "z"`},
		"address of the same scheme": {`<a href="//a.example/x">x</a><a href="\\b.example\x">y</a>`, `anchor https://a.example/x "x", anchor https:\\b.example\x "y"`},
		"base":                       {`<base href="https://a.example/"><base href="https://b.example/"><a href="login">x</a>`, `anchor https://a.example/login "x"`},
		"VML":                        {`<v:roundrect href="https://a.example/"><center>Open</center></v:roundrect>rest`, `anchor https://a.example/ "Open"`},
		"VML for Outlook":            {`<!--[if mso]><v:rect href="https://a.example/">Open</v:rect><![endif]-->rest`, `anchor https://a.example/ "Open"`},
		"anchor for Outlook":         {`<!--[if (gte mso 9)|(IE)]><a href="https://a.example/">x</a><![endif]-->`, `anchor https://a.example/ "x"`},
		"anchor across comments":     {`<!--[if mso]><a href="https://a.example/"><![endif]-->x<!--[if mso]></a><![endif]-->`, `anchor https://a.example/`},
		"anchor for nobody":          {`<!--[if IE 6]><a href="https://a.example/">x</a><![endif]--><!-- <a href="https://b.example/">y</a> -->`, ``},
		"noscript":                   {`<noscript><a href="https://a.example/">x</a></noscript>`, `anchor https://a.example/ "x"`},
		"SVG":                        {`<svg><a xlink:href="https://a.example/"><text>Open</text></a></svg>rest`, `anchor https://a.example/ "Open"`},
		"MathML":                     {`<math><mtext href="https://a.example/">x</mtext></math>`, `anchor https://a.example/ "x"`},
		"picture of SVG":             {`<svg><image xlink:href="https://a.example/x.png"/></svg>`, `image https://a.example/x.png`},
		"refresh":                    {`<meta http-equiv=Refresh content="0; URL='https://a.example/'">`, `refresh https://a.example/`},
		"refresh without url=":       {`<meta http-equiv=refresh content="3,https://a.example/">`, `refresh https://a.example/`},
		"style sheet and ground":     {`<link rel=stylesheet href="https://a.example/x.css"><td background="https://b.example/x.png"><p style="background:url('https://c.example/x.png')">`, `resource https://a.example/x.css, image https://c.example/x.png`},
		"script":                     {`<script src="https://a.example/x.js"></script><script>location="https://b.example/"</script>`, `resource https://a.example/x.js, resource https://b.example/`},
		"frame":                      {`<iframe src="https://a.example/"></iframe><object data="https://b.example/"></object>`, `resource https://a.example/, resource https://b.example/`},
		"page in a link's address":   {`<a href="data:text/html;base64,PGEgaHJlZj1odHRwczovL2EuZXhhbXBsZS8+eDwvYT4=">y</a>`, `anchor https://a.example/ "x", anchor data:text/html;base64,PGEgaHJlZj1odHRwczovL2EuZXhhbXBsZS8+eDwvYT4= "y"`},
		"address in entities":        {`<a href="   &#104;&#116;&#116;&#112;&#58;//a.example/">x</a>`, `anchor http://a.example/ "x"`},
	} {
		var got []string
		for _, l := range Read(c.source).Links {
			one := fmt.Sprintf("%s %s", l.Kind, l.Address)
			if l.Label != "" {
				one += fmt.Sprintf(" %q", l.Label)
			}
			if l.Hidden {
				one += " hidden"
			}
			if l.Picture {
				one += " picture"
			}
			got = append(got, one)
		}
		if diff := cmp.Diff(c.want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s: %s\n%s", name, c.source, diff)
		}
	}
}

func TestShownByOutlook(t *testing.T) {
	for condition, want := range map[string]bool{
		"mso": true, " mso ": true, "MSO": true, "!mso": false, "gte mso 9": true, "mso 15": true, "mso 11": false, "lt mso 12": false, "lte mso 14": true,
		"gt mso 15": true, "IE": false, "(IE)": false, "mso | IE": true, "(gte mso 9)|(IE)": true, "mso & IE": false, "!(IE)": true, "!(mso)|(IE 6)": false,
		"(mso 16)&(gte mso 9)": true, "vml": true, "!vml": false, "gte vml 1": true, "!supportLists": true, "true": true, "": true, "gte": true,
		strings.Repeat("(", 100): true,
	} {
		if got := shownByOutlook(condition); got != want {
			t.Errorf("[if %s]: %v, want %v", condition, got, want)
		}
	}
}

func TestRefreshTarget(t *testing.T) {
	for content, want := range map[string]string{
		"0;url=https://a.example/": "https://a.example/", " 5 ; URL = 'https://a.example/' junk": "https://a.example/", "0.5;https://a.example/": "https://a.example/",
		"0,https://a.example/": "https://a.example/", "0 https://a.example/": "https://a.example/", `1;url="https://a.example/`: "https://a.example/",
		"0;urls": "urls", "30": "", "": "", "x;url=https://a.example/": "", "5x;url=https://a.example/": "", "3;url=": "",
	} {
		if got := refreshTarget(content); got != want {
			t.Errorf("%q: %q, want %q", content, got, want)
		}
	}
}

func TestRead_limitsAreReported(t *testing.T) {
	address := func(i int) string { return fmt.Sprintf("https://h%d.example/", i) }
	var links, text strings.Builder
	for i := range maxLinks + 10 {
		fmt.Fprintf(&links, "<a href=%s>x</a>", address(i))
	}
	p := Read(links.String())
	if len(p.Links) != maxLinks || len(p.More) != 10 || p.More[9] != address(maxLinks+9) {
		t.Errorf("%d links and %d more, want %d and 10", len(p.Links), len(p.More), maxLinks)
	}
	for text.Len() <= maxText {
		text.WriteString("<p>many words of a long page</p>\n")
	}
	p = Read(text.String() + "<p>see https://a.example/</p>")
	if len(p.NotRead) != 0 {
		t.Errorf("a page of %d bytes: %v", text.Len(), p.NotRead)
	}
	p = Read(text.String() + text.String() + "<p>see https://a.example/ and <a href=https://b.example/>there</a></p>")
	if len(p.NotRead) != 1 || !strings.Contains(p.NotRead[0], fmt.Sprint(maxText)) || len(p.Text) > maxText {
		t.Errorf("%d bytes of text, not read: %v", len(p.Text), p.NotRead)
	}
	if len(p.Links) != 2 || p.Links[0].Address != "https://a.example/" || p.Links[1].Address != "https://b.example/" {
		t.Errorf("links behind the limit: %+v", p.Links)
	}
	for name, source := range map[string]string{
		"style sheet":  "<style>" + strings.Repeat(".x{display:none}\n", maxSheets/16) + "</style>",
		"rules":        "<style>" + manyRules(maxRules+1) + "</style>",
		"pages within": strings.Repeat(`<iframe srcdoc="x"></iframe>`, maxPages+1),
		"page within":  `<iframe src="data:text/html,` + strings.Repeat("x", 2*maxData+1) + `"></iframe>`,
		"a nest":       `<iframe srcdoc='<iframe srcdoc="<iframe srcdoc=&amp;quot;<iframe srcdoc=x></iframe>&amp;quot;></iframe>"></iframe>'></iframe>`,
	} {
		if p := Read(source); len(p.NotRead) == 0 {
			t.Errorf("%s: nothing says that it was not read to its end", name)
		}
	}
}

func manyRules(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, ".c%d{display:none}", i)
	}
	return out.String()
}

// What is behind a bound is said not to have been read; what is before it is.
func TestRead_saysWhichBoundItReached(t *testing.T) {
	many := func(count int, before, each, after string) string {
		return before + strings.Repeat(each, count) + after
	}
	attributes := func(count int) string {
		out := "<a"
		for i := range count {
			out += fmt.Sprintf(" x%d", i)
		}
		return out + " href=https://a.example/>x</a>"
	}
	media := func(depth int) string {
		return "<style>" + many(depth, "", "@media screen{", "p{color:red}") + strings.Repeat("}", depth) + "</style>x"
	}
	grid := many(leastGrid, "<table>", "<tr>"+strings.Repeat("<td bgcolor=black></td>", leastGrid)+"</tr>", "</table>")
	for name, c := range map[string]struct{ within, beyond string }{
		"attributes": {attributes(maxAttrs - 1), attributes(maxAttrs)},
		"classes": {"<style>.b{color:red}</style>" + many(maxClasses-1, "<p class='", "a ", "b'>x</p>"),
			"<style>.b{color:red}</style>" + many(maxClasses, "<p class='", "a ", "b'>x</p>")},
		"tables that may be codes": {strings.Repeat(grid, maxGrids), strings.Repeat(grid, maxGrids+1)},
		"tables in tables":         {strings.Repeat("<table><tr><td>", maxNested), strings.Repeat("<table><tr><td>", maxNested+1)},
		"media in media":           {media(maxWithin - 1), media(maxWithin)},
	} {
		if p := Read(c.within); len(p.NotRead) != 0 {
			t.Errorf("%s: within the bound: %q", name, p.NotRead)
		}
		if p := Read(c.beyond); len(p.NotRead) != 1 {
			t.Errorf("%s: %q, want one", name, p.NotRead)
		}
	}
}

func TestGuard_aPanicIsAPageThatWasNotReadToItsEnd(t *testing.T) {
	d := &document{}
	d.guard("<p>one</p> https://a.example/x", func(string) {
		keep(&d.text, "one")
		panic("at the second")
	})
	if string(d.text) != "one" || len(d.page.NotRead) != 1 || !strings.Contains(d.page.NotRead[0], "at the second") ||
		len(d.page.More) != 1 {
		t.Errorf("text %q, not read %v, addresses %v", d.text, d.page.NotRead, d.page.More)
	}
}

// A comment, a style or an attribute of any length hides nothing of what follows.
func TestRead_behindMuch(t *testing.T) {
	filler := strings.Repeat("filler ", 200_000)
	for name, before := range map[string]string{
		"comment": "<!-- " + filler + "-->", "attribute": `<p title="` + filler + `">`, "script": "<script>" + filler + "</script>",
		"hidden": `<p hidden>` + filler + `</p>`, "picture": `<img src="data:image/png;base64,` + filler + `">`, "spaces": strings.Repeat(" ", 300_000),
		"tags": strings.Repeat("<i></i>", 200_000), "depth": strings.Repeat("<div>", 20_000), "formatting": strings.Repeat("<b>", 20_000),
	} {
		p := Read(before + `<p>Verify your account</p><a href="https://a.example/">here</a>`)
		if !strings.Contains(p.Text, "Verify your account") || len(p.Links) == 0 ||
			p.Links[len(p.Links)-1].Label != "here" {
			t.Errorf("behind a long %s: shown %q, links %+v", name, squeezed(p.Text), p.Links)
		}
	}
}

// grow are texts that readers of HTML have needed more than linear time or memory for.
func grow(n int) map[string]string {
	distinct := func(format string) string {
		var out strings.Builder
		for i := 0; out.Len() < n; i++ {
			fmt.Fprintf(&out, format, i)
		}
		return out.String()
	}
	many := func(s string) string { return strings.Repeat(s, n/len(s)) }
	return map[string]string{
		"formatting left open":      distinct("<p><b a=%d></p>")[:min(n/2, 9000)] + many("<p>x"),
		"distinct formatting":       distinct(`<font style="font-size:%dpx">`),
		"formatting around blocks":  many("<b><i><u><div>x</b></i></u>"),
		"hidden blocks adopted":     many(`<b><span hidden>x<div>y</b>z`),
		"deep blocks":               many("<div>") + many("</div>"),
		"deep tables":               many("<table><tr><td>"),
		"text between rows":         many("<table>x"),
		"anchors":                   many("<a href=//a.b>"),
		"cells without end":         "<table>" + many("<td>x"),
		"end tags":                  many("</b></i></p></td></form>"),
		"forms within":              many("<form><div></form>"),
		"open comments":             many("<!--[if mso]>"),
		"conditions":                "<!--[if " + many("(!") + "]><![endif]-->",
		"style sheets":              many("<style>a{b:c}</style>"),
		"braces":                    "<style>" + many("@media{") + "</style>",
		"style sheet comments":      "<style>" + many("/*") + "</style>",
		"classes":                   "<style>" + manyRules(2000) + `</style><p class="` + many("c1 ") + `">` + many(`<p class="c1 c2 c3 c4 c5 c6 c7 c8">`),
		"declarations":              many(`<p style="display:none;color:red;background:url(x) url(y)">`),
		"attributes":                "<p " + many("a=b ") + ">",
		"addresses":                 many("http://a.b/ "),
		"almost addresses":          many("www.") + many("://") + many("h:/"),
		"SVG":                       many("<svg><g><p>"),
		"page in a page in a page":  many(`<iframe srcdoc="<p>x">`),
		"hidden and shown by turns": many("x<i hidden>y</i>"),
	}
}

// Each of these takes some hundredths of a second where time grows with the length, and minutes where it grows with its
// square.
func TestRead_longTextsAreBounded(t *testing.T) {
	for name, source := range grow(1 << 20) {
		start := cputime.Used()
		Read(source)
		took := cputime.Used() - start
		t.Logf("%s: %v", name, took)
		if took > 10*time.Second {
			t.Errorf("%s: %v", name, took)
		}
	}
}

func FuzzRead(f *testing.F) {
	for name, source := range grow(300) {
		_ = name
		f.Add(source)
	}
	f.Add(`<p style="display:none">x<p>a<!--[if mso]><v:rect href=//a.b>x<![endif]--><table>x<tr><td><svg><a xlink:href=//b.c>`)
	f.Fuzz(func(t *testing.T, source string) {
		p := Read(source)
		if again := Read(source); !cmp.Equal(p, again) {
			t.Error("the same text was read in two ways")
		}
		if len(p.Text) > maxText || len(p.Hidden) > maxText || len(p.Links) > maxLinks ||
			len(p.Text)+len(p.Hidden) > 4*len(source)+1000*(maxPages+1) {
			t.Errorf("%d bytes gave %d shown and %d hidden, %d links", len(source), len(p.Text), len(p.Hidden),
				len(p.Links))
		}
	})
}
