// Package lists is what is built in: public suffixes, free mail providers, brands, shorteners, confusables, with their
// licences.
//
// Reads nothing but what is built into the program: the lists under lists/, with their licences beside them.
//
// Writes nothing.
//
// Invariants:
//   - I1 a list is sorted by octets and in lower case (a test holds it), so that it is searched where it lies.
//   - I2 Version changes when any list changes: a verdict names the knowledge that gave it.
//
// On failure: there is nothing that can fail; a name that is not known is simply not known.
//
// Standards: Unicode TR39 (confusables), the Public Suffix List (through golang.org/x/net/publicsuffix).
package lists

import (
	"crypto/sha256"
	_ "embed" // the lists
	"encoding/hex"
)

var (
	//go:embed lists/free_mail.txt
	freeMail string
	//go:embed lists/disposable.txt
	disposable string
	//go:embed lists/shorteners.txt
	shorteners string
	//go:embed lists/file_hosts.txt
	fileHosts string
	//go:embed lists/subdomain_hosts.txt
	subdomainHosts string
	//go:embed lists/high_trust.txt
	highTrust string
	//go:embed lists/creation_platforms.txt
	creationPlatforms string
	//go:embed lists/cheap_tlds.txt
	cheapTLDs string
	//go:embed lists/dynamic_dns.txt
	dynamicDNS string
	//go:embed lists/ipfs_gateways.txt
	ipfsGateways string
	//go:embed lists/link_in_bio.txt
	linkInBio string
	//go:embed lists/banks.txt
	banks string
	//go:embed lists/simulation.txt
	simulation string
	//go:embed lists/popular.txt
	popular string
	//go:embed lists/replyto_services.txt
	replyToServices string
	//go:embed lists/confusables.txt
	confusables string
	//go:embed lists/brands.txt
	brands string
)

// Lists are the built-in lists of names.
type Lists struct {
	FreeMail          List // domains that give a mailbox to anybody
	Disposable        List // domains of throw-away mailboxes
	Shorteners        List // hosts that redirect
	FileHosts         List // hosts where anybody can put a file
	SubdomainHosts    List // domains that give a subdomain to anybody
	HighTrust         List // domains whose owners send mail in large numbers and sign it
	CreationPlatforms List // hosts where anybody can make a form or a page
	CheapTLDs         List // top-level domains in which throw-away names are mostly bought
	DynamicDNS        List
	IPFSGateways      List
	LinkInBio         List
	Banks             List
	Simulation        List // hosts of Microsoft's attack simulator
	Popular           List // the ten thousand most visited domains
	ReplyToServices   List // services whose replies rightly go elsewhere: ticket systems and the like

	Brands   []Brand
	Skeleton Skeleton
}

// Builtin gives the lists that the program was built with.
func Builtin() *Lists {
	return &Lists{
		FreeMail: newList(freeMail), Disposable: newList(disposable), Shorteners: newList(shorteners),
		FileHosts: newList(fileHosts), SubdomainHosts: newList(subdomainHosts), HighTrust: newList(highTrust),
		CreationPlatforms: newList(creationPlatforms), CheapTLDs: newList(cheapTLDs), DynamicDNS: newList(dynamicDNS),
		IPFSGateways: newList(ipfsGateways), LinkInBio: newList(linkInBio), Banks: newList(banks),
		Simulation: newList(simulation), Popular: newList(popular), ReplyToServices: newList(replyToServices),
		Brands: parseBrands(brands), Skeleton: parseSkeleton(confusables),
	}
}

// Frozen are the lists without the brands that were added later: what the narrow rule for MALICIOUS goes by.
func (l *Lists) Frozen() *Lists {
	frozen := *l
	frozen.Brands = nil
	for _, b := range l.Brands {
		if !b.Later {
			frozen.Brands = append(frozen.Brands, b)
		}
	}
	return &frozen
}

// Version names the built-in lists by what is in them.
func Version() string {
	sum := sha256.New()
	for _, text := range []string{
		freeMail, disposable, shorteners, fileHosts, subdomainHosts, highTrust, creationPlatforms, cheapTLDs,
		dynamicDNS, ipfsGateways, linkInBio, banks, simulation, popular, replyToServices, confusables, brands,
	} {
		sum.Write([]byte(text))
		sum.Write([]byte{0})
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}
