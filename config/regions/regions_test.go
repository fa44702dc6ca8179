package regions

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
)

func TestAccept(t *testing.T) {
	for _, row := range []struct {
		regions []string
		region  string
		ok      bool
		reason  string
	}{
		{nil, "", true, ""},
		{nil, "eu", true, ""},
		{[]string{"eu"}, "eu", true, ""},
		{[]string{"eu", "us"}, "us", true, ""},
		{[]string{"eu", "us"}, "in", false, "address is bound to eu, then us, and this daemon's region is in"},
		{[]string{"eu"}, "", false, "address is bound to eu, and this daemon has no region"},
		{[]string{"eu"}, "EU", false, "address is bound to eu, and this daemon's region is EU"},
	} {
		ok, reason := Accept(config.Address{Regions: row.regions}, row.region)
		if ok != row.ok || reason != row.reason {
			t.Errorf("%q at %q: %v, %q", row.regions, row.region, ok, reason)
		}
	}
}

func TestCommon(t *testing.T) {
	for _, row := range []struct {
		a, b, want []string
		ok         bool
	}{
		{nil, nil, nil, true},
		{nil, []string{"eu"}, []string{"eu"}, true},
		{[]string{"eu"}, nil, []string{"eu"}, true},
		{[]string{"eu", "us"}, []string{"us", "eu"}, []string{"eu", "us"}, true},
		{[]string{"eu", "us"}, []string{"us"}, []string{"us"}, true},
		{[]string{"eu"}, []string{"in", "au"}, nil, false},
	} {
		got, ok := common(row.a, row.b)
		if diff := cmp.Diff(row.want, got); diff != "" || ok != row.ok {
			t.Errorf("%q and %q: %v\n%s", row.a, row.b, ok, diff)
		}
	}
}

// What one daemon takes, it may unite: any two addresses that a region may take have it in common.
func TestAccept_whatOneDaemonTakesMayBeUnited(t *testing.T) {
	lists := [][]string{nil, {"eu"}, {"us"}, {"eu", "us"}, {"us", "in"}, {"in"}}
	for _, region := range []string{"eu", "us", "in"} {
		for _, a := range lists {
			for _, b := range lists {
				okA, _ := Accept(config.Address{Regions: a}, region)
				okB, _ := Accept(config.Address{Regions: b}, region)
				common, ok := common(a, b)
				if okA && okB && (!ok || len(common) > 0 && !slices.Contains(common, region)) {
					t.Errorf("%s takes mail for %q and %q, which have %q in common", region, a, b, common)
				}
			}
		}
	}
}

func TestRecordedElsewhere_namesTheRegions(t *testing.T) {
	addresses := []config.Address{{Address: "j-1@x.example", Regions: []string{"eu"}}, {Address: "j-2@x.example", Regions: []string{"us", "in"}}, {Address: "j-3@x.example"}}
	for region, want := range map[string][]string{
		"eu": {"what is reported to j-2@x.example is recorded in us, then in, apart from this"},
		"us": {"what is reported to j-1@x.example is recorded in eu, apart from this"},
	} {
		if diff := cmp.Diff(want, RecordedElsewhere(addresses, region)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", region, diff)
		}
	}
}

func TestCheck_saysWhichReportsStayApart(t *testing.T) {
	c := world("eu")
	c.Tenants[0].Addresses = append(c.Tenants[0].Addresses, config.Address{Address: "j-2@us.example.com", Regions: []string{"us"}})
	found := Check(t.Context(), c, zone{map[string]string{"journal.example.com": "10 eu1.example.com.", "us.example.com": "10 us1.example.com., 10 us2.example.com."}, everyHost})
	last := found[len(found)-1]
	if !last.OK || !strings.Contains(last.Text, "j-1@journal.example.com (eu) and j-2@us.example.com (us) have no region in common") {
		t.Errorf("findings are %+v", found)
	}
}

// zone is a DNS: "example.com": "10 a.example.com, 20 b.example.com", and hosts with an address.
type zone struct {
	mx    map[string]string
	hosts string
}

func (z zone) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	switch text, ok := z.mx[name]; {
	case !ok:
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	case text == "fail":
		return nil, errors.New("server misbehaving")
	default:
		return parseMX(text)
	}
}

func parseMX(text string) (records []*net.MX, err error) {
	for one := range strings.SplitSeq(text, ",") {
		pref, host, _ := strings.Cut(strings.TrimSpace(one), " ")
		n, err := strconv.ParseUint(pref, 10, 16)
		if err != nil {
			return nil, err
		}
		records = append(records, &net.MX{Host: host, Pref: uint16(n)})
	}
	return records, nil
}

func (z zone) LookupHost(_ context.Context, host string) ([]string, error) {
	if strings.Contains(" "+z.hosts+" ", " "+host+" ") {
		return []string{"192.0.2.1"}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

const everyHost = "us1.example.com us2.example.com eu1.example.com in1.example.com au1.example.com direct.example.com"

func world(regions ...string) *config.Config {
	return &config.Config{Hostname: "eu1.example.com", Region: "eu",
		Regions: []config.Region{
			{Name: "us", Hosts: []string{"us1.example.com", "us2.example.com"}}, {Name: "eu", Hosts: []string{"eu1.example.com"}},
			{Name: "in", Hosts: []string{"in1.example.com"}}, {Name: "au", Hosts: []string{"au1.example.com"}},
		},
		Tenants: []config.Tenant{{Name: "contoso", Addresses: []config.Address{{Address: "j-1@journal.example.com", Regions: regions}}}}}
}

func TestCheck_comparesMXWithRegions(t *testing.T) {
	for _, row := range []struct {
		name    string
		regions []string
		mx      string
		want    []string // what each bad finding says, in order; none: all is well
	}{
		{"one region", []string{"eu"}, "10 eu1.example.com.", nil},
		{"case and dots", []string{"eu"}, "10 EU1.Example.COM.", nil},
		{"a region with two hosts", []string{"us"}, "10 us1.example.com., 10 us2.example.com.", nil},
		{"backup after", []string{"eu", "us"}, "10 eu1.example.com., 20 us1.example.com., 30 us2.example.com.", nil},
		{"two backups", []string{"au", "in", "us"}, "10 au1.example.com., 20 in1.example.com., 30 us1.example.com.", nil},
		{"any region", nil, "10 eu1.example.com., 10 in1.example.com.", nil},
		{"outside", []string{"eu"}, "10 eu1.example.com., 20 us1.example.com.", []string{"us1.example.com is in region us and refuses"}},
		{"unknown host", []string{"eu"}, "10 eu1.example.com., 20 direct.example.com.", []string{"direct.example.com stands under no"}},
		{"backup first", []string{"eu", "us"}, "10 us1.example.com., 20 eu1.example.com.", []string{"us1.example.com (preference 10, region us) is asked before"}},
		{"backup beside", []string{"eu", "us"}, "10 eu1.example.com., 10 us1.example.com.", []string{"before or beside us1.example.com (preference 10"}},
		{"backup missing", []string{"eu", "us"}, "10 eu1.example.com.", []string{"no MX record leads to region us"}},
		{"host without address", []string{"eu"}, "10 eu1.example.com., 10 eu2.example.com.", []string{"eu2.example.com stands under no", "eu2.example.com has no address"}},
		{"null MX", []string{"eu"}, "0 .", []string{"null MX"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			found := Check(t.Context(), world(row.regions...), zone{map[string]string{"journal.example.com": row.mx}, everyHost})
			wantBad(t, found, row.want)
		})
	}
}

// wantBad wants these bad findings and no other, and one good one where there is none.
func wantBad(t *testing.T, found []Finding, want []string) {
	t.Helper()
	var bad []Finding
	for _, f := range found {
		if !f.OK {
			bad = append(bad, f)
		}
	}
	if len(bad) != len(want) || len(want) == 0 && len(found) != 1 {
		t.Fatalf("findings are %+v, want %q", found, want)
	}
	for _, f := range found {
		if (f.Remedy == "") != (f.OK && !f.Warning) {
			t.Errorf("what to do is %q: %+v", f.Remedy, f)
		}
	}
	for i, f := range bad {
		if !strings.Contains(f.Text, want[i]) {
			t.Errorf("finding is %q, want one that says %q", f.Text, want[i])
		}
	}
}

func TestCheck_takesADomainWithoutMXAsItsOwn(t *testing.T) {
	c := world("eu")
	c.Tenants[0].Addresses[0].Address = "j-1@eu1.example.com"
	wantBad(t, Check(t.Context(), c, zone{nil, everyHost}), nil)
	c.Tenants[0].Addresses[0].Address = "j-1@nowhere.example.com"
	wantBad(t, Check(t.Context(), c, zone{nil, everyHost}), []string{"neither MX nor address records"})
}

// What DNS does not answer is not said to be wrong, nor to be well. A domain that nothing leads to is no trouble where
// a connector names this host.
func TestCheck_whatIsNotKnownIsAWarning(t *testing.T) {
	for name, row := range map[string]struct {
		regions []string
		dns     Resolver
		want    string
	}{
		"DNS fails":                   {[]string{"eu"}, zone{map[string]string{"journal.example.com": "fail"}, everyHost}, "not known: ask for MX records: server misbehaving"},
		"DNS fails, any region":       {nil, zone{map[string]string{"journal.example.com": "fail"}, everyHost}, "not known"},
		"addresses cannot be had":     {[]string{"eu"}, halfDead{zone{map[string]string{"journal.example.com": "10 eu1.example.com."}, ""}}, "whether eu1.example.com has an address is not known"},
		"no MX, and no answer beyond": {[]string{"eu"}, halfDead{zone{nil, ""}}, "not known: ask for address records"},
		"no records, any region":      {nil, zone{nil, ""}, "neither MX nor address records"},
		"null MX, any region":         {nil, zone{map[string]string{"journal.example.com": "0 ."}, ""}, "null MX"},
	} {
		found := Check(t.Context(), world(row.regions...), row.dns)
		if len(found) != 1 || !found[0].OK || !found[0].Warning || !strings.Contains(found[0].Text, row.want) ||
			found[0].Remedy == "" {
			t.Errorf("%s: findings are %+v, want a warning that says %q", name, found, row.want)
		}
	}
}

// halfDead is a DNS that answers for MX records alone.
type halfDead struct{ zone }

func (halfDead) LookupHost(_ context.Context, host string) ([]string, error) {
	return nil, &net.DNSError{Err: "i/o timeout", Name: host, IsTimeout: true}
}

func TestCheck_knowsWhereThisHostStands(t *testing.T) {
	dns := zone{map[string]string{"journal.example.com": "10 eu1.example.com."}, everyHost}
	c := world("eu")
	c.Hostname = "us1.example.com"
	wantBad(t, Check(t.Context(), c, dns), []string{"stands under region us, and this daemon says that it is in eu"})
	c.Hostname = "new.example.com"
	wantBad(t, Check(t.Context(), c, dns), []string{"new.example.com stands under no [[region_hosts]]"})
}

// The document's eight rows are read out of it and checked, so that it cannot say what Check would refuse.
func TestDocument_rowsPassTheCheck(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "regions.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(line, "|")
		if len(cells) < 7 || !strings.Contains(cells[3], "@") {
			continue
		}
		rows++
		cell := func(i int) string { return strings.Trim(strings.TrimSpace(cells[i]), "`") }
		regions := strings.Split(strings.NewReplacer("[", "", "]", "", `"`, "", " ", "").Replace(cell(4)), ",")
		c := world(regions...)
		c.Tenants[0].Addresses[0].Address = cell(3)
		mx := strings.ReplaceAll(cell(5), "<br>", ",")
		wantBad(t, Check(t.Context(), c, zone{map[string]string{domainOf(cell(3)): mx}, everyHost}), nil)
	}
	if rows != 8 {
		t.Errorf("docs/regions.md has %d rows, want 8", rows)
	}
}
