package mailgen

import (
	"fmt"
	"html"
	"math/rand/v2"
	"strings"

	"clawback/verdict"
)

// mjmlVariants is how many newsletters NewslettersMJML makes of each text: another layout, sender and kind of links.
const mjmlVariants = 8

// NewslettersMJML makes newsletters as compilers of MJML write them: pages of nested tables in conditional comments, a
// hidden first line, styles that hide columns, pictures from elsewhere, buttons, links that a service counts. All are
// good. The same seed gives the same ones.
func NewslettersMJML(seed uint64) []Message {
	var all []Message
	for i, text := range mjmlTexts() {
		for n := range mjmlVariants {
			r := rand.New(rand.NewPCG(seed, uint64(i*mjmlVariants+n)))
			t := mjmlTemplate(text, n, r)
			all = append(all, make1(&t, r))
		}
	}
	return all
}

// mjmlText is what one newsletter says, and the words of its language for what all of them have.
type mjmlText struct {
	language, subject, hidden, title string
	parts                            []string
	button                           string
}

// mjmlWords are the words around it: view in a browser, why it came, how to leave.
type mjmlWords struct{ view, why, leave, imprint string }

var mjmlAround = map[string]mjmlWords{
	"en": {"View in browser", "You are receiving this because you signed up at our shop.", "Unsubscribe", "Imprint"},
	"de": {"Im Browser ansehen", "Sie erhalten diese E-Mail, weil Sie sich angemeldet haben.", "Abmelden",
		"Impressum"},
	"fr": {"Voir dans le navigateur", "Vous recevez ce message car vous vous êtes inscrit.", "Se désabonner",
		"Mentions légales"},
	"nl": {"Bekijk in de browser", "U ontvangt deze mail omdat u zich hebt aangemeld.", "Uitschrijven", "Colofon"},
	"pt": {"Ver no navegador", "Recebe esta mensagem porque se inscreveu.", "Cancelar subscrição", "Ficha técnica"},
	"es": {"Ver en el navegador", "Recibe este mensaje porque se suscribió.", "Darse de baja", "Aviso legal"},
}

// mjmlSender is one who sends newsletters: by his own server, or by a service that counts in its own name.
type mjmlSender struct{ name, domain, service string }

var mjmlSenders = []mjmlSender{
	{"Northern Cycling", "northern-cycling.example", ""},
	{"Lakeside Bakery", "lakeside-bakery.example", "mailings.example"},
	{"Studio Werner", "studio-werner.example", "news-relay.example"},
	{"Garden Tools Depot", "garden-tools-depot.example", "campaigns.example"},
	{"Hillside Insurance", "hillside-insurance.example", ""},
	{"Harbour Hotels", "harbour-hotels.example", "mailings.example"},
	{"Accounting Weekly", "accounting-weekly.example", ""},
	{"Public Library", "library-riverton.example", "news-relay.example"},
}

func mjmlTemplate(text mjmlText, n int, r *rand.Rand) Template {
	from := mjmlSenders[r.IntN(len(mjmlSenders))]
	t := Template{
		Name: fmt.Sprintf("mjml-%s-%d", text.language, n), Language: text.language, Want: verdict.Bulk, Auth: Pass,
		From: from.name + " <" + pick(r, "news", "hello", "info", "newsletter", "no-reply") + "@" + from.domain + ">",
		HTML: mjmlPage(text, from, n, r), Subject: text.subject,
		Headers: []string{"List-Unsubscribe: <https://" + mjmlHost(from, n) + "/leave/{token}>, <mailto:leave@" +
			from.domain + ">", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"},
	}
	switch n % 4 {
	case 1:
		t.Text = text.title + "\n\n" + strings.Join(text.parts, "\n\n") + "\n\nhttps://www." + from.domain + "/\n"
	case 2:
		t.Headers = t.Headers[:1]
	case 3:
		t.Headers = append(t.Headers, "Precedence: bulk", "X-Mailer: Campaigns 4.2")
	}
	if from.service != "" && n >= mjmlVariants/2 {
		t.Auth, t.Sender = Service, "bounce-{token}@mail."+from.service
	}
	return t
}

// mjmlHost is where the links of a newsletter lead: home, to a host of the sender's that counts, or to the service.
func mjmlHost(from mjmlSender, n int) string {
	switch {
	case n%3 == 1:
		return "click.news." + from.domain
	case n%3 == 2 && from.service != "":
		return "t." + from.service
	}
	return "www." + from.domain
}

// mjmlHead is what stands before the content of each such page.
const mjmlHead = `<!doctype html><html lang="%s" dir="auto" xmlns="http://www.w3.org/1999/xhtml" ` +
	`xmlns:v="urn:schemas-microsoft-com:vml" ` +
	`xmlns:o="urn:schemas-microsoft-com:office:office"><head><title>%s</title>` +
	`<!--[if !mso]><!--><meta http-equiv="X-UA-Compatible" content="IE=edge"><!--<![endif]-->` +
	`<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">` +
	`<meta name="viewport" content="width=device-width,initial-scale=1"><style type="text/css">` +
	`#outlook a{padding:0}body{margin:0;padding:0}table,td{border-collapse:collapse}img{border:0;height:auto;` +
	`line-height:100%%;outline:none}p{display:block;margin:13px 0}</style><!--[if mso]><noscript><xml>` +
	`<o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml>` +
	`</noscript><![endif]--><!--[if lte mso 11]><style>.mj-outlook-group-fix{width:100%% !important}</style>` +
	`<![endif]--><style>@media only screen and (min-width:480px){.mj-column-per-100{width:100%% !important}` +
	`.mj-column-per-50{width:50%% !important}.mj-column-per-33{width:33.33%% !important}}` +
	`@media only screen and (max-width:479px){table.mj-full-width-mobile{width:100%% !important}` +
	`.only-wide{display:none !important}}</style></head><body style="word-spacing:normal;background-color:#f4f4f4">`

// mjmlPage compiles a newsletter.
func mjmlPage(text mjmlText, from mjmlSender, n int, r *rand.Rand) string {
	var out strings.Builder
	fmt.Fprintf(&out, mjmlHead, text.language, html.EscapeString(text.subject))
	fmt.Fprintf(&out, `<div style="display:none;font-size:1px;color:#ffffff;line-height:1px;max-height:0px;`+
		`max-width:0px;opacity:0;overflow:hidden">%s%s</div>`, html.EscapeString(text.hidden),
		strings.Repeat("&#847;&zwnj;&nbsp;", (n%4)*20))
	out.WriteString(`<div aria-roledescription="email" style="background-color:#f4f4f4" role="article" lang="` +
		text.language + `">`)
	around, host := mjmlAround[text.language], mjmlHost(from, n)
	href := func(path string) string {
		if strings.HasPrefix(host, "www.") {
			return "https://" + host + "/" + path + "?utm_source=news&amp;utm_medium=email&amp;utm_campaign={number}"
		}
		return "https://" + host + "/c/{token}{hex}?u=" + fmt.Sprint(r.IntN(1_000_000)) + "&amp;p=" + path
	}
	images := pick(r, "https://cdn."+from.domain, "https://images.mailings.example/{number}",
		"https://www."+from.domain)
	mjmlSection(&out, 1, func(int) string {
		return mjmlWriting("12px", `<a href="`+href("view")+`" style="color:#888888">`+around.view+`</a>`) +
			mjmlImage(href(""), images+"/logo.png", from.name, 160)
	})
	mjmlSection(&out, 1, func(int) string {
		return mjmlImage(href("top"), images+"/hero-{number}.jpg", "", 600) + mjmlWriting("28px", text.title)
	})
	columns := 1 + n%3
	for i := 0; i < len(text.parts); i += columns {
		mjmlSection(&out, columns, func(k int) string {
			if i+k >= len(text.parts) {
				return ""
			}
			cell := mjmlWriting("15px", text.parts[i+k])
			if n%2 == 1 {
				cell = mjmlImage(href("part"), images+fmt.Sprintf("/part%d.jpg", i+k), "", 280) + cell
			}
			return cell
		})
	}
	mjmlSection(&out, 1, func(int) string { return mjmlButton(href("go"), text.button) })
	mjmlFoot(&out, from, around, href, n)
	return out.String()
}

// mjmlFoot writes what ends a newsletter: where the sender is found elsewhere, how to pay, how to leave, a counter.
func mjmlFoot(out *strings.Builder, from mjmlSender, around mjmlWords, href func(string) string, n int) {
	label, _, _ := strings.Cut(from.domain, ".")
	if n%2 == 0 {
		mjmlSection(out, 1, func(int) string {
			return mjmlImage("https://www.facebook.com/"+label,
				"https://www.mailjet.com/images/theme/v1/icons/ico-social/facebook.png", "Facebook", 20) +
				mjmlImage("https://www.instagram.com/"+label,
					"https://www.mailjet.com/images/theme/v1/icons/ico-social/instagram.png", "Instagram", 20)
		})
	}
	if n%4 == 1 {
		mjmlSection(out, 1, func(int) string {
			return mjmlWriting("12px",
				"PayPal &bull; Visa &bull; Mastercard &bull; Klarna")
		})
	}
	mjmlSection(out, 1, func(int) string {
		return mjmlWriting("11px", around.why+`<br><a href="`+href("leave")+`">`+around.leave+`</a> | <a `+
			`href="https://www.`+
			from.domain+`/imprint">`+around.imprint+`</a><br>`+from.name+", 12 Mill Lane, Riverton")
	})
	fmt.Fprintf(out, `<img src="%s" width="1" height="1" alt="" style="display:block"></div></body></html>`,
		href("open"))
}

// mjmlSection writes a row of columns as MJML does: a table for Outlook in conditional comments around a block for
// others.
func mjmlSection(out *strings.Builder, columns int, cell func(int) string) {
	out.WriteString(`<!--[if mso | IE]><table align="center" border="0" cellpadding="0" cellspacing="0" ` +
		`role="presentation" ` +
		`style="width:600px" width="600" bgcolor="#ffffff"><tr><td ` +
		`style="line-height:0px;font-size:0px"><![endif]-->` +
		`<div style="background:#ffffff;margin:0px auto;max-width:600px"><table align="center" border="0" ` +
		`cellpadding="0" ` +
		`cellspacing="0" role="presentation" style="background:#ffffff;width:100%"><tbody><tr>` +
		`<td style="direction:ltr;font-size:0px;padding:20px 0;text-align:center">`)
	width := []int{100, 50, 33}[columns-1]
	for k := range columns {
		fmt.Fprintf(out, `<!--[if mso | IE]><table role="presentation" border="0" cellpadding="0" `+
			`cellspacing="0"><tr>`+
			`<td style="vertical-align:top;width:%dpx"><![endif]--><div class="mj-column-per-%d `+
			`mj-outlook-group-fix" `+
			`style="font-size:0px;text-align:left;direction:ltr;display:inline-block;vertical-align:top;width:100%%">`+
			`<table border="0" cellpadding="0" cellspacing="0" role="presentation" style="vertical-align:top" `+
			`width="100%%">`+
			`<tbody>%s</tbody></table></div><!--[if mso | IE]></td></tr></table><![endif]-->`, 6*width, width,
			cell(k))
	}
	out.WriteString(`</td></tr></tbody></table></div><!--[if mso | IE]></td></tr></table><![endif]-->`)
}

func mjmlWriting(size, content string) string {
	return `<tr><td align="left" style="font-size:0px;padding:10px 25px;word-break:break-word"><div style="` +
		`font-family:Ubuntu, Helvetica, Arial;font-size:` + size +
		`;line-height:1.4;text-align:left;color:#333333">` +
		content + `</div></td></tr>`
}

func mjmlImage(href, source, alt string, width int) string {
	return fmt.Sprintf(`<tr><td align="center" style="font-size:0px;padding:10px 25px"><table border="0" `+
		`role="presentation" `+
		`style="border-collapse:collapse;border-spacing:0px" class="mj-full-width-mobile"><tbody><tr><td `+
		`style="width:%dpx">`+
		`<a href="%s" target="_blank"><img alt="%s" src="%s" `+
		`style="border:0;display:block;width:100%%;font-size:13px" `+
		`width="%d" height="auto"></a></td></tr></tbody></table></td></tr>`, width, href, alt, source, width)
}

func mjmlButton(href, label string) string {
	return `<tr><td align="center" style="font-size:0px;padding:10px 25px"><table border="0" role="presentation" ` +
		`style="border-collapse:separate;line-height:100%"><tbody><tr><td align="center" bgcolor="#414141" ` +
		`role="presentation" ` +
		`style="border:none;border-radius:3px;cursor:auto" valign="middle"><a href="` + href +
		`" style="display:inline-block;` +
		`background:#414141;color:#ffffff;font-size:13px;padding:10px 25px" target="_blank">` + label +
		`</a></td></tr></tbody></table></td></tr>`
}
