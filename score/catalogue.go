package score

// catalogue lists every signal that the scorer knows, with its family and what it counts for.
// Points stand in the order threat, spoof, spam, bulk. docs/detection.md explains how they were chosen.
func catalogue() []Signal {
	var all []Signal
	for _, part := range [][]Signal{
		authSignals(), linkSignals(), attachmentSignals(), impersonationSignals(), wordSignals(), structureSignals(),
		microsoftSignals(), historySignals(), outsideSignals(), {{"policy.unverified", "policy", Points{}, false}},
		{{overrunSignal, "overrun", Points{5, 0, 2, 0}, false}},
	} {
		all = append(all, part...)
	}
	return all
}

func authSignals() []Signal {
	return []Signal{
		{"auth.spf_fail", "auth", Points{0.7, 1.5, 1, 0}, false},
		{"auth.spf_softfail", "auth", Points{0.5, 1, 0.7, 0}, false},
		{"auth.spf_none", "auth", Points{0.1, 0.3, 0.3, 0}, false},
		{"auth.dmarc_fail", "auth", Points{0.7, 2, 0.7, 0}, false},
		{"auth.dmarc_reject", "auth", Points{1.2, 3, 1, 0}, false},
		{"auth.dmarc_fail_arc", "auth", Points{0, 0.3, 0.1, 0}, false},
		{"auth.dmarc_fail_list", "auth", Points{0, 0, 0, 0}, false},
		{"auth.compauth_fail", "auth", Points{0.5, 1, 0.8, 0}, false},
		{"auth.own_domain_forged", "auth", Points{2, 3, 0.5, 0}, false},
		{"auth.own_domain_unproven", "auth", Points{1, 2, 1.2, 0}, false},
		{"auth.dkim_fail", "auth", Points{0.3, 0.5, 0.7, 0}, false},
		{"auth.foreign_tenant", "auth", Points{0.5, 1, 1, 0}, false},
		{"auth.unaligned", "auth", Points{0.3, 0.7, 0.4, 0}, false},
		{"auth.dkim_reverified", "auth", Points{0, 0, 0, 0}, false},
	}
}

func linkSignals() []Signal {
	return []Signal{
		{"link.text_href_mismatch", "link", Points{3, 1, 1, 0}, false},
		{"link.brand_host", "link", Points{3.5, 1, 1, 0}, false},
		{"link.own_lookalike", "link", Points{4, 2, 0.5, 0}, false},
		{"link.mixed_script", "link", Points{4, 1, 1, 0}, false},
		{"link.punycode", "link", Points{1, 0, 0.5, 0}, false},
		{"link.userinfo", "link", Points{4, 0, 2, 0}, false},
		{"link.ip_host", "link", Points{2, 0, 1.7, 0}, false},
		{"link.ip_odd", "link", Points{4, 0, 2, 0}, false},
		{"link.port", "link", Points{1, 0, 0.5, 0}, false},
		{"link.shortener", "link", Points{1.5, 0, 1.7, 0}, false},
		{"link.file_host", "link", Points{1.5, 0, 1.2, 0}, false},
		{"link.free_subdomain", "link", Points{2, 0, 1.4, 0}, false},
		{"link.dynamic_dns", "link", Points{2.5, 0, 1, 0}, false},
		{"link.ipfs", "link", Points{3.5, 0, 1, 0}, false},
		{"link.cheap_tld", "link", Points{1, 0, 1.5, 0}, false},
		{"link.purpose_host", "link", Points{2.4, 0, 0.9, 0}, false},
		{"link.lone_first", "link", Points{1.2, 0, 0.7, 0}, false},
		{"link.random_host", "link", Points{1.5, 0, 1.3, 0}, false},
		{"link.recipient_in_url", "link", Points{2.8, 0, 0.7, 0}, false},
		{"link.open_redirect", "link", Points{2, 0, 1.5, 0}, false},
		{"link.foreign_only", "link", Points{1, 0, 0.7, 0}, false},
		{"link.token", "link", Points{0.3, 0, 0.8, 0}, false},
		{"link.foreign_page", "link", Points{0.5, 0, 1.2, 0}, false},
		{"link.deep_path", "link", Points{1.5, 0, 0.7, 0}, false},
		{"link.program", "link", Points{2, 0, 0.5, 0}, false},
		{"link.qr", "link", Points{2, 0, 0.5, 0}, false},
		{"link.qr_lure", "link", Points{1.5, 0, 0.5, 0}, false},
		{"link.odd_host", "link", Points{2, 0, 2, 0}, false},
		{"link.padded", "link", Points{1, 0, 1, 0}, false},
		{"link.html_form", "link", Points{1, 0, 0.3, 0}, false},
		{"link.password_form", "link", Points{5, 0, 1, 0}, false},
	}
}

func attachmentSignals() []Signal {
	return []Signal{
		{"attachment.executable", "attachment", Points{7, 0, 1, 0}, false},
		{"attachment.script", "attachment", Points{6, 0, 1, 0}, false},
		{"attachment.disguised_program", "attachment", Points{9, 0, 1, 0}, true},
		{"attachment.double_extension", "attachment", Points{4, 0, 1, 0}, false},
		{"attachment.reversed_name", "attachment", Points{6, 0, 1, 0}, false},
		{"attachment.type_mismatch", "attachment", Points{2, 0, 1, 0}, false},
		{"attachment.disk_image", "attachment", Points{5, 0, 1, 0}, false},
		{"attachment.archive_executable", "attachment", Points{6, 0, 1, 0}, false},
		{"attachment.rare_archive", "attachment", Points{2.5, 0, 1, 0}, false},
		{"attachment.archive_bomb", "attachment", Points{5, 0, 1, 0}, false},
		{"attachment.stopped", "attachment", Points{5, 0, 1, 0}, false},
		{"attachment.two_readings", "attachment", Points{3, 0, 1, 0}, false},
		{"attachment.unreadable", "attachment", Points{1, 0, 0.5, 0}, false},
		{"attachment.blocked_type", "attachment", Points{2, 0, 0.5, 0}, false},
		{"attachment.encrypted", "attachment", Points{1, 0, 0.3, 0}, false},
		{"attachment.encrypted_password", "attachment", Points{5, 0, 1, 0}, false},
		{"attachment.macro", "attachment", Points{2, 0, 0.3, 0}, false},
		{"attachment.macro_autorun", "attachment", Points{6, 0, 1, 0}, false},
		{"attachment.macro_xlm", "attachment", Points{5, 0, 1, 0}, false},
		{"attachment.remote_template", "attachment", Points{6, 0, 1, 0}, false},
		{"attachment.remote_object", "attachment", Points{5, 0, 1, 0}, false},
		{"attachment.dde", "attachment", Points{6, 0, 1, 0}, false},
		{"attachment.rtf_object", "attachment", Points{5, 0, 1, 0}, false},
		{"attachment.pdf_launch", "attachment", Points{5, 0, 1, 0}, false},
		{"attachment.pdf_script", "attachment", Points{1, 0, 0.3, 0}, false},
		{"attachment.pdf_file", "attachment", Points{0.5, 0, 0, 0}, false},
		{"attachment.pdf_link", "attachment", Points{1.5, 0, 1, 0}, false},
		{"attachment.pdf_empty", "attachment", Points{2.5, 0, 1, 0}, false},
		{"attachment.pdf_free_mail", "attachment", Points{1, 0, 1.5, 0}, false},
		{"attachment.random_name", "attachment", Points{0.7, 0, 1.2, 0}, false},
		{"attachment.html", "attachment", Points{1.5, 0, 0.5, 0}, false},
		{"attachment.html_form", "attachment", Points{2.5, 0, 0.5, 0}, false},
		{"attachment.html_login", "attachment", Points{6, 0, 1, 0}, false},
		{"attachment.html_smuggling", "attachment", Points{6, 0, 1, 0}, false},
		{"attachment.html_obfuscated", "attachment", Points{4, 0, 1, 0}, false},
		{"attachment.html_redirect", "attachment", Points{3, 0, 1, 0}, false},
	}
}

func impersonationSignals() []Signal {
	return []Signal{
		{"impersonation.brand_name", "impersonation", Points{3, 3, 1.5, 0}, false},
		{"impersonation.brand_links", "impersonation", Points{0.7, 0.5, 0.7, 0}, false},
		{"impersonation.brand_free_mail", "impersonation", Points{2, 2, 1.5, 0}, false},
		{"impersonation.role_free_mail", "impersonation", Points{1.5, 1.5, 2, 0}, false},
		{"impersonation.address_in_name", "impersonation", Points{2, 2.5, 1, 0}, false},
		{"impersonation.vip", "impersonation", Points{4, 5, 0.5, 0}, false},
		{"impersonation.own_name", "impersonation", Points{3, 3, 0.5, 0}, false},
		{"impersonation.lookalike_domain", "impersonation", Points{4, 5, 1, 0}, false},
		{"impersonation.brand_lookalike", "impersonation", Points{3.5, 4, 1, 0}, false},
		{"impersonation.reply_to_free_mail", "impersonation", Points{1.5, 1.5, 2.5, 0}, false},
		{"impersonation.reply_to_differs", "impersonation", Points{0.7, 0.7, 0.7, 0}, false},
		{"impersonation.reply_to_lookalike", "impersonation", Points{4, 4, 1, 0}, false},
		{"impersonation.obfuscated_name", "impersonation", Points{2.5, 2, 3, 0}, false},
		{"impersonation.malformed_from", "impersonation", Points{1, 1, 3.1, 0}, false},
		{"impersonation.machine_address", "impersonation", Points{0.7, 0, 1.5, 0}, false},
		{"impersonation.machine_free_mail", "impersonation", Points{0.4, 0, 1.2, 0}, false},
		{"impersonation.name_as_mailbox", "impersonation", Points{0.3, 0, 2, 0}, false},
		{"impersonation.numbered_mailbox", "impersonation", Points{0.2, 0, 0.6, 0}, false},
		{"impersonation.odd_name", "impersonation", Points{0.7, 0.7, 2.2, 0}, false},
		{"impersonation.cheap_sender", "impersonation", Points{0.5, 0, 2, 0}, false},
		{"impersonation.body_mailbox", "impersonation", Points{0.7, 0, 2.5, 0}, false},
		{"impersonation.brand_images", "impersonation", Points{3, 2, 1.2, 0}, false},
		{"impersonation.purpose_domain", "impersonation", Points{1.5, 1, 1, 0}, false},
		{"impersonation.brand_opening", "impersonation", Points{1.5, 1, 2, 0}, false},
		{"impersonation.brand_story", "impersonation", Points{1.5, 1, 1.2, 0}, false},
		{"impersonation.forwarded_brand", "impersonation", Points{3, 1.5, 2.2, 0}, false},
		{"impersonation.forwarded_odd", "impersonation", Points{1, 0, 3.3, 0}, false},
		{"impersonation.free_mail_business", "impersonation", Points{1.5, 1, 2, 0}, false},
		{"impersonation.forged_free_mail", "impersonation", Points{0.3, 1, 1.4, 0}, false},
	}
}

func wordSignals() []Signal {
	return []Signal{
		{"words.credential", "words", Points{1, 0, 0.7, 0}, false},
		{"words.payment", "words", Points{1, 0, 0.2, 0}, false},
		{"words.urgency", "words", Points{0.5, 0, 0.4, 0}, false},
		{"words.discreet", "words", Points{1, 0, 0.2, 0}, false},
		{"words.giftcard", "words", Points{0.8, 0, 0.5, 0}, false},
		{"words.extortion", "words", Points{1, 0, 1, 0}, false},
		{"words.callback", "words", Points{0.8, 0, 0.5, 0}, false},
		{"words.parcel", "words", Points{0.7, 0, 0.6, 0}, false},
		{"words.crypto", "words", Points{0.8, 0, 1.3, 0}, false},
		{"words.prize", "words", Points{0.5, 0, 1.2, 0}, false},
		{"words.advance", "words", Points{0.4, 0, 1.2, 0}, false},
		{"words.health", "words", Points{0, 0, 1, 0}, false},
		{"words.dating", "words", Points{0, 0, 1, 0}, false},
		{"words.dating_bulk", "words", Points{0, 0, 1.2, 0}, false},
		{"words.advert", "words", Points{0, 0, 0.8, 0}, false},
		{"words.share", "words", Points{0.6, 0, 0.1, 0}, false},
		{"words.generic", "words", Points{0.6, 0, 1.1, 0}, false},
		{"words.hidden_letters", "words", Points{2, 0, 3, 0}, false},
		{"words.mixed_script", "words", Points{3, 0, 3, 0}, false},
		{"words.styled_letters", "words", Points{1, 0, 3, 0}, false},
		{"words.spaced_letters", "words", Points{2, 0, 3, 0}, false},
		{"words.fortune", "words", Points{0.7, 0, 2, 0}, false},
		{"words.leet", "words", Points{1.5, 0, 2.5, 0}, false},
		// The same words, read with who writes them: no second witness.
		{"words.free_mail_order", "words", Points{3, 1, 0.5, 0}, false},
		{"words.callback_file", "words", Points{2.5, 0, 1, 0}, false},
		{"words.code_pretext", "words", Points{2.5, 0, 0.5, 0}, false},
		{"words.link_pretext", "words", Points{2, 0, 0.5, 0}, false},
		{"words.stranger_order", "words", Points{2.5, 1, 0.5, 0}, false},
		{"words.charge_call", "words", Points{3, 0.5, 1, 0}, false},
		{"words.phone", "words", Points{1.5, 0, 0.5, 0}, false},
		// What findings of different kinds say together (agree.go).
		{"words.borrowed_call", "words", Points{2.5, 1, 0.5, 0}, false},
		{"words.stranger_code", "words", Points{1.5, 0, 0.5, 0}, false},
		{"words.borrowed_code", "words", Points{2, 1, 0.5, 0}, false},
		{"words.office_order", "words", Points{2, 1, 0.5, 0}, false},
		{"words.lookalike_order", "words", Points{2, 1, 0.5, 0}, false},
	}
}

func structureSignals() []Signal {
	return []Signal{
		{"structure.undisclosed", "structure", Points{0.5, 0, 1.5, 0}, false},
		{"structure.to_self", "structure", Points{0.7, 0, 1.5, 0}, false},
		{"structure.not_addressed", "structure", Points{0.3, 0, 0.7, 0}, false},
		{"structure.address_in_subject", "structure", Points{1, 0, 2, 0}, false},
		{"structure.image_only", "structure", Points{0.7, 0, 2.4, 0}, false},
		{"structure.blank", "structure", Points{0.5, 0, 1.5, 0}, false},
		{"structure.not_read", "structure", Points{1.5, 0, 1.5, 0}, false},
		{"structure.not_searched", "structure", Points{0.3, 0, 0.3, 0}, false},
		{"structure.hidden_text", "structure", Points{0.7, 0, 1.5, 0}, false},
		{"structure.no_message_id", "structure", Points{0.2, 0, 0.7, 0}, false},
		{"structure.random_subject", "structure", Points{0.7, 0, 1.8, 0}, false},
		{"structure.shouting", "structure", Points{0, 0, 1, 0}, false},
		{"structure.emoji_subject", "structure", Points{0, 0, 0.4, 0}, false},
		{"structure.fake_reply", "structure", Points{0.7, 0, 0.8, 0}, false},
		{"structure.hidden_unsubscribe", "structure", Points{0, 0, 0, 1.5}, false},
		{"structure.no_unsubscribe", "structure", Points{0, 0, 0.7, 0}, false},
		{"structure.gibberish", "structure", Points{0.7, 0, 2.5, 0}, false},
		{"structure.subject_padding", "structure", Points{0.3, 0, 2.8, 0}, false},
		{"structure.subject_underscores", "structure", Points{0.3, 0, 2, 0}, false},
		{"structure.template_leftover", "structure", Points{0.5, 0, 2.5, 0}, false},
		{"structure.pushed_down", "structure", Points{0.7, 0, 2, 0}, false},
		{"structure.raw_header", "structure", Points{0, 0, 1, 0}, false},
		{"structure.unlabelled_text", "structure", Points{0, 0, 1.5, 0}, false},
		{"structure.form_injection", "structure", Points{2, 0, 3, 0}, false},
		{"structure.same_mark", "structure", Points{0.5, 0, 2.5, 0}, false},
		{"structure.hidden_preamble", "structure", Points{0.5, 0, 1.5, 0}, false},
		{"structure.shouting_text", "structure", Points{0, 0, 1.2, 0}, false},
		{"structure.exclamation", "structure", Points{0, 0, 1.2, 0}, false},
		{"structure.money", "structure", Points{0, 0, 0.8, 0}, false},
		{"structure.html_in_plain", "structure", Points{0, 0, 1.5, 0}, false},
		{"structure.adv_tag", "structure", Points{0, 0, 3, 0}, false},
		{"structure.html_only", "structure", Points{0, 0, 0.6, 0}, false},
		{"structure.priority", "structure", Points{0, 0, 1, 0}, false},
		{"structure.forged_program", "structure", Points{0.2, 0, 2.4, 0}, false},
		{"structure.hype", "structure", Points{0, 0, 1, 0}, false},
		{"structure.bad_date", "structure", Points{0, 0, 1, 0}, false},
		{"structure.no_name", "structure", Points{0, 0, 0.4, 0}, false},
		{"structure.address_greeting", "structure", Points{1, 0, 2, 0}, false},
		{"structure.only_link", "structure", Points{1, 0, 2, 0}, false},
		{"structure.only_file", "structure", Points{1, 0, 1.2, 0}, false},
		{"structure.conversation", "structure", Points{-1, 0, -1.5, 0}, false},
		{"structure.list", "structure", Points{-1.5, -1.5, -1, 0}, false},
		{"structure.list_unsubscribe", "structure", Points{0, 0, 0, 2}, false},
		{"structure.one_click", "structure", Points{0, 0, 0, 1.5}, false},
		{"structure.good_standing", "structure", Points{-0.5, 0, -1, 0}, false},
		{"structure.precedence_bulk", "structure", Points{0, 0, 0, 1}, false},
		{"structure.mail_service", "structure", Points{0, 0, 0, 1}, false},
		{"structure.bulk_words", "structure", Points{0, 0, 0, 1}, false},
		{"structure.trusted_sender", "structure", Points{-3, -3, -3, 0}, false},
		{"structure.internal", "structure", Points{-2, -2, -4, 0}, false},
		{"structure.bounce", "structure", Points{-2, -2, -4, 0}, false},
	}
}

func microsoftSignals() []Signal {
	return []Signal{
		{"microsoft.malware", "microsoft", Points{3, 0, 0, 0}, false},
		{"microsoft.phish", "microsoft", Points{2.5, 1, 1, 0}, false},
		{"microsoft.spoof", "microsoft", Points{1, 3, 0, 0}, false},
		{"microsoft.spam", "microsoft", Points{0, 0, 3, 0}, false},
		{"microsoft.bulk", "microsoft", Points{0, 0, 0, 3}, false},
	}
}

func historySignals() []Signal {
	return []Signal{
		{"history.first_domain", "history", Points{0.7, 0.3, 0.7, 0}, false},
		{"history.first_sender", "history", Points{0.4, 0.3, 0.3, 0}, false},
		{"history.broken_authentication", "history", Points{1.5, 3, 0.5, 0}, false},
		{"history.odd_reply_to", "history", Points{2.5, 2, 0.3, 0}, false},
		{"history.odd_infrastructure", "history", Points{1, 1, 0.3, 0}, false},
		{"history.correspondent", "history", Points{-2, -2, -4, -1}, false},
		{"history.known_sender", "history", Points{-1.5, -1, -3, 0}, false},
		{"history.known_domain", "history", Points{-1, -1, -2, 0}, false},
	}
}

// outsideSignals are those whose evidence comes from outside the scorer. Those of engines count as many times as the
// engine gives points.
func outsideSignals() []Signal {
	return []Signal{
		{"engine.virus", "engine", Points{1, 0, 0.2, 0}, true},
		{"engine.clamav", "engine", Points{1, 0, 0.2, 0}, false},
		{"engine.rspamd", "engine", Points{0.3, 0, 0.9, 0}, false},
		{"engine.spamassassin", "engine", Points{0.2, 0, 0.9, 0}, false},
		{"engine.dnsl", "engine", Points{0.6, 0, 0.9, 0}, false},
		{"engine.rdap", "engine", Points{}, false}, // counts by its switch alone
		{"learn.unwanted", "learn", Points{1.5, 0.5, 3.5, 0}, false},
		{"learn.wanted", "learn", Points{-1.5, -1, -3, 0}, false},
		{"submission.phish", "submission", Points{2, 0.5, 1, 0}, false},
		{"submission.junk", "submission", Points{0.5, 0, 2, 0}, false},
		{"submission.not_junk", "submission", Points{-1, -0.5, -2, 0}, false},
	}
}
