package mailgen

import "clawback/verdict"

// good are the mails near the attacks that nobody may take away.
func good() []Template {
	var all []Template
	for _, part := range [][]Template{people(), services(), newsletters()} {
		all = append(all, part...)
	}
	return all
}

// people has what colleagues, partners and customers write.
func people() []Template {
	return []Template{
		{Name: "vip-private-address", Language: "en", Want: verdict.Clean, Auth: Pass,
			From: "Petra Lindqvist <petra@lindqvist.example>", Subject: "Board papers",
			Text: "Hi {first}, I am writing from my private address. Are you available on {day} to go through the " +
				"board papers?\n\nPetra"},
		{Name: "vip-internal", Language: "en", Want: verdict.Clean, Auth: Internal,
			From: "Petra Lindqvist <petra.lindqvist@contoso.example>", Subject: "Urgent: customer visit",
			Text: "Could you handle the visit on {day}? I am in a meeting and can't talk. Confidential until then."},
		{Name: "internal-payroll", Language: "de", Want: verdict.Clean, Auth: Internal,
			From: "Personal <personal@contoso.example>", Subject: "Gehaltszahlung November",
			Text: "Liebe Kolleginnen und Kollegen, die Gehaltszahlung erfolgt am {day}. Neue Bankverbindungen bitte " +
				"bis morgen im Portal eintragen."},
		{Name: "partner-invoice", Language: "en", Want: verdict.Clean, Auth: Pass,
			From: "{person} <{local}@fabrikam.example>", Subject: "Invoice {number}",
			Text: "Dear {first},\n\nplease find our invoice {number} over EUR {amount} attached. It is due within " +
				"30 days.\n\nKind regards\n{person}",
			Files: []File{{"invoice_{number}.pdf", "application/pdf", PDF("https://www.fabrikam.example/invoices")}}},
		{Name: "partner-reminder", Language: "de", Want: verdict.Clean, Auth: Pass,
			From: "{person} <{local}@fabrikam.example>", Subject: "Zahlungserinnerung {number}",
			Text: "Guten Tag,\n\nbei uns ist noch eine offene Rechnung über {amount} EUR. Wir bitten um Ausgleich " +
				"bis {day}.\n\n{person}"},
		{Name: "partner-sender-to-service", Language: "fr", Want: verdict.Clean, Auth: Pass,
			From: "{person} <{local}@fabrikam.example>", Subject: "Réunion de {day}",
			Text: "Bonjour {first},\n\nÊtes-vous disponible {day} à 10 h pour parler du contrat ? Merci de me " +
				"confirmer.\n\n{person}"},
		{Name: "forwarder-dmarc-fails", Language: "en", Want: verdict.Clean, Auth: Forwarded,
			From: "{person} <{local}@{site}>", Subject: "Minutes of the meeting",
			Text: "Hello all,\n\nthe minutes are below. Corrections until {day}, please.\n\n{person}"},
		{Name: "mailing-list", Language: "en", Want: verdict.Clean, Auth: Forwarded, From: "{person} <{local}@{site}>",
			To: "users@lists.example.org", Subject: "[users] Verify your account in version 2?",
			Headers: []string{"List-Id: Users <users.lists.example.org>", "List-Post: <mailto:users@lists.example.org>",
				"List-Unsubscribe: <https://lists.example.org/leave>", "Precedence: list"},
			Text: "Does anybody know why the application asks people to verify their account after the password " +
				"expires? I see it within 24 hours of a reset, and the mailbox is full of reports.\n\n{person}"},
		{Name: "customer-locked-out", Language: "en", Want: verdict.Clean, Auth: Pass,
			From: "{person} <{local}77@gmail.com>", Subject: "Cannot log in to the shop",
			Text: "Hello,\n\nI cannot log in to your shop any more. It says that my account is locked. Order " +
				"{number} from last week shows nothing either. Could you have a look?\n\nThanks\n{person}"},
		{Name: "kunde-fragt", Language: "de", Want: verdict.Clean, Auth: Pass, From: "{person} <{local}77@web.de>",
			Subject: "Frage zur Lieferung",
			Text: "Guten Tag,\n\nmein Paket ist noch nicht angekommen. Können Sie mir sagen, wann die Lieferung " +
				"kommt? Bestellnummer {number}.\n\nViele Grüße\n{person}"},
		{Name: "application-pdf", Language: "en", Want: verdict.Clean, Auth: Pass, From: "{person} <{local}@gmail.com>",
			Subject: "Application as an accountant",
			Text: "Dear Sir or Madam,\n\nI apply for the position of an accountant that you advertise. I have " +
				"worked for eight years in the accounts of a wholesaler, keep the ledgers and prepare the yearly " +
				"statements. My curriculum vitae and references are attached. I could begin in January and look " +
				"forward to hearing from you. For questions you reach me by telephone in the evening, or by e-mail " +
				"at any time of the day. I would be glad to introduce myself in person, and thank you for your " +
				"time.\n\nYours sincerely\n{person}",
			Files: []File{{"cv.pdf", "application/pdf", PDF("https://www.linkedin.com/in/someone")}}},
		{Name: "meeting-invite", Language: "en", Want: verdict.Clean, Auth: Pass,
			From: "{person} <{local}@fabrikam.example>", Subject: "Project review", Text: "Agenda attached.",
			Files: []File{{"", "text/calendar; charset=utf-8",
				Calendar("office@fabrikam.example", "Project review",
					"Join: https://teams.microsoft.com/l/meetup-join/19")}}},
		{Name: "expenses", Language: "nl", Want: verdict.Clean, Auth: Internal,
			From: "Tom Field <tom.field@contoso.example>", Subject: "Declaratie reis",
			Text: "Hoi,\n\nin de bijlage de bonnen van mijn reis, samen {amount} euro. Kun je ze deze week " +
				"verwerken?\n\nTom"},
		{Name: "reply-in-thread", Language: "es", Want: verdict.Clean, Auth: Pass,
			From: "{person} <{local}@fabrikam.example>", Subject: "Re: Factura {number}",
			Headers: []string{"In-Reply-To: <a1@contoso.example>", "References: <a1@contoso.example>"},
			Text:    "Hola {first}:\n\nLa factura pendiente ya está pagada.\n\n> ¿Cuándo se paga la factura {number}?"},
	}
}

// services has what machines of good standing send.
func services() []Template {
	return []Template{
		{Name: "teams-missed", Language: "en", Want: verdict.Clean, Auth: Pass,
			From: "Microsoft Teams <noreply@email.teams.microsoft.com>", Subject: "You missed a chat message",
			HTML: `<p>Tom sent a message in Teams.</p><p><a href="https://teams.microsoft.com/l/chat/{hex}">Reply in Teams</a></p>`},
		{Name: "sharepoint-share", Language: "en", Want: verdict.Clean, Auth: Pass,
			From:    "Tom Field (via SharePoint) <no-reply@sharepointonline.microsoft.com>",
			Subject: "Tom Field shared \"Budget\" with you",
			HTML:    `<p>Tom Field shared a file with you.</p><p><a href="https://contoso.sharepoint.com/:x:/s/{token}">Open</a></p>`},
		{Name: "password-reset-asked", Language: "en", Want: verdict.Clean, Auth: Pass,
			From: "GitHub <noreply@github.com>", Subject: "Please reset your password",
			HTML: `<p>We heard that you lost your password. Use this link within 24 hours to reset your password.</p><p><a href="https://github.com/password_reset/{hex}">Reset your password</a></p>`},
		{Name: "dhl-real", Language: "de", Want: verdict.Clean, Auth: Pass, From: "DHL Paket <noreply@dhl.de>",
			Subject: "Ihre Sendung kommt am {day}",
			HTML:    `<p>Guten Tag, Ihre Sendung wird am {day} zugestellt.</p><p><a href="https://www.dhl.de/sendung/{number}">Sendung verfolgen</a></p>`},
		{Name: "paypal-receipt", Language: "en", Want: verdict.Clean, Auth: Pass, From: "PayPal <service@paypal.com>",
			Subject: "Receipt for your payment",
			HTML:    `<p>You sent a payment of {amount} USD.</p><p><a href="https://www.paypal.com/activity/{token}">View transaction</a></p>`},
		{Name: "bank-statement", Language: "fr", Want: verdict.Clean, Auth: Pass,
			From: "BNP Paribas <releve@bnpparibas.com>", Subject: "Votre relevé est disponible",
			HTML: `<p>Votre relevé de compte est disponible dans votre espace.</p><p><a href="https://mabanque.bnpparibas/espace">Mon espace</a></p>`},
		{Name: "shop-order", Language: "en", Want: verdict.Clean, Auth: Service,
			From: "Studio Werner <orders@studio-werner.example>", Subject: "Your order {number}",
			HTML: `<p>Thank you for your order of {amount} EUR. We ship within 24 hours.</p><p><a href="https://studio-werner.example/orders/{number}">Your order</a></p>`},
		{Name: "monitoring", Language: "en", Want: verdict.Clean, Auth: Pass, From: "Monitoring <alerts@{site}>",
			Subject: "CRITICAL: disk is full on web-07",
			Text:    "Alert: the disk of web-07 is 97 % full. Action required. https://status.{site}/alerts/{number}"},
		{Name: "out-of-office", Language: "pt", Want: verdict.Clean, Auth: Pass,
			From: "{person} <{local}@fabrikam.example>", Sender: "<>", Subject: "Resposta automática: Reunião",
			Headers: []string{"Auto-Submitted: auto-replied"},
			Text:    "Estou fora do escritório até {day}. Em caso urgente, contacte a central de atendimento."},
		{Name: "delivery-report", Language: "en", Want: verdict.Clean, Auth: None,
			From: "Mail Delivery System <mailer-daemon@{site}>", Sender: "<>",
			Subject: "Undelivered Mail Returned to Sender", Headers: []string{"Auto-Submitted: auto-replied"},
			Text: "Your message could not be delivered: the mailbox is full. The account has been " +
				"suspended.\n\n<someone@{site}>: 552 5.2.2 mailbox full"},
		{Name: "html-report", Language: "en", Want: verdict.Clean, Auth: Pass,
			From: "Reports <reports@fabrikam.example>", Subject: "Weekly report",
			Text: "The weekly report is attached, with sales by region and the open orders.",
			Files: []File{{"report.html", "text/html",
				[]byte("<html><body><h1>Sales</h1><table><tr><td>North</td><td>12</td></tr></table></body></html>")}}},
		{Name: "archive-of-documents", Language: "de", Want: verdict.Clean, Auth: Pass,
			From: "{person} <{local}@fabrikam.example>", Subject: "Unterlagen",
			Text: "Anbei die Unterlagen zum Projekt.",
			Files: []File{{"unterlagen.zip", "application/zip",
				Zip(false, File{Name: "plan.pdf", Body: PDF("https://www.fabrikam.example/")},
					File{Name: "notiz.txt", Body: []byte("Notiz")})}}},
	}
}

// newsletters has what was subscribed to.
func newsletters() []Template {
	list := []string{"List-Unsubscribe: <https://{site}/leave/{token}>",
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Precedence: bulk"}
	return []Template{
		{Name: "newsletter", Language: "en", Want: verdict.Bulk, Auth: Pass,
			From: "Northern Cycling <news@northern-cycling.example>", Subject: "Autumn sale: up to 40% off 🚲",
			Headers: list,
			HTML:    `<p>View in browser</p><p>Save up to 40% on jackets this week only. Free shipping.</p><p><a href="https://northern-cycling.example/sale">Shop now</a></p><p>You are receiving this because you subscribed. <a href="https://northern-cycling.example/leave">Unsubscribe</a></p>`},
		{Name: "newsletter-de", Language: "de", Want: verdict.Bulk, Auth: Pass,
			From: "Lakeside <news@lakeside-bakery.example>", Subject: "Neues aus der Backstube", Headers: list,
			HTML: `<p>Im Browser ansehen</p><p>Diese Woche: Nussbrot und ein Gewinnspiel.</p><p><a href="https://lakeside-bakery.example/woche">Mehr</a></p><p>Sie erhalten diesen Newsletter, weil Sie sich angemeldet haben. <a href="https://lakeside-bakery.example/leave">Abmelden</a></p>`},
		{Name: "newsletter-fr", Language: "fr", Want: verdict.Bulk, Auth: Pass,
			From: "Studio Werner <lettre@studio-werner.example>", Subject: "Offre exclusive de la semaine",
			Headers: list,
			HTML:    `<p>Version en ligne</p><p>Profitez vite de notre offre exclusive.</p><p><a href="https://studio-werner.example/offre">Voir</a></p><p>Se désabonner</p>`},
		{Name: "newsletter-es", Language: "es", Want: verdict.Bulk, Auth: Service,
			From: "Studio Werner <boletin@studio-werner.example>", Subject: "Novedades de noviembre",
			Headers: []string{"List-Unsubscribe: <mailto:leave@studio-werner.example>"},
			HTML:    `<p>Ver en el navegador</p><p>Estas son las novedades de noviembre.</p><p><a href="https://studio-werner.example/novedades">Leer</a></p><p>Darse de baja</p>`},
		{Name: "newsletter-text", Language: "nl", Want: verdict.Bulk, Auth: Pass,
			From: "Garden Tools <nieuws@garden-tools-depot.example>", Subject: "Nieuwsbrief november", Headers: list,
			Text: "Bekijk online: https://garden-tools-depot.example/nieuws\n\nDeze maand: snoeischaren met " +
				"korting.\n\nUitschrijven: https://garden-tools-depot.example/uit"},
	}
}
