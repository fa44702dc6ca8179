package graph

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"clawback/config"
)

// Cloud is where a tenant's login and Graph endpoints are.
type Cloud struct {
	Login  string // https://host, without a slash at the end
	Graph  string // https://host
	Purges bool   // permanentDelete of messages exists
	Known  bool   // one of Microsoft's: instance discovery works
}

// clouds are Microsoft's. Reference: Graph, national cloud deployments; permanentDelete is in the CSDL of the global
// service only. The host of China is the new one; login.chinacloudapi.cn is its legacy alias.
var clouds = map[string]Cloud{
	"global":   {"https://login.microsoftonline.com", "https://graph.microsoft.com", true, true},
	"gcc-high": {"https://login.microsoftonline.us", "https://graph.microsoft.us", false, true},
	"dod":      {"https://login.microsoftonline.us", "https://dod-graph.microsoft.us", false, true},
	"china":    {"https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn", false, true},
}

// errCloud is wrapped by what is wrong with a tenant's cloud.
var errCloud = errors.New("unusable cloud")

// CloudOf gives the endpoints of a tenant's configuration.
func CloudOf(g config.Graph) (Cloud, error) {
	name := g.Cloud
	if name == "" {
		name = "global"
	}
	if c, ok := clouds[name]; ok {
		return c, nil
	}
	if name != "custom" {
		return Cloud{}, fmt.Errorf("%w: %q", errCloud, g.Cloud)
	}
	login, err := endpoint("login_url", g.LoginURL)
	if err != nil {
		return Cloud{}, err
	}
	graph, err := endpoint("graph_url", g.GraphURL)
	if err != nil {
		return Cloud{}, err
	}
	return Cloud{Login: login, Graph: graph, Purges: true}, nil
}

// endpoint checks a URL of a custom cloud. A version at the end of Graph's may be written or not.
func endpoint(key, text string) (string, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return "", fmt.Errorf("%w: %s must be https://HOST[:PORT]", errCloud, key)
	}
	if path := strings.TrimSuffix(u.Path, "/v1.0"); path != "" {
		return "", fmt.Errorf("%w: %s must not have a path", errCloud, key)
	}
	return "https://" + u.Host, nil
}
