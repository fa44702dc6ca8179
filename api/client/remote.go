package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"clawback/api"
)

// Remote is a daemon on another machine, and how it is asked.
type Remote struct {
	URL       string // as in https://journal.example.com:8443
	TokenFile string // has the token, and is open to nobody else
	CAFile    string // roots for the daemon's certificate; "": the system's
}

// Connect makes a Client for a daemon's REST door. Nothing is asked yet; where it cannot be asked, each request says
// why.
func Connect(r Remote) *Client {
	c, err := r.client()
	if err != nil {
		return &Client{at: r.URL, unusable: err}
	}
	return c
}

func (r Remote) client() (*Client, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" ||
		u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("URL %q: write it as in https://journal.example.com:8443", r.URL)
	}
	token, err := readToken(r.TokenFile)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CAFile != "" {
		pem, err := os.ReadFile(r.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read roots: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read roots: there is no certificate in %s", r.CAFile)
		}
	}
	transport := &http.Transport{TLSClientConfig: config, Proxy: http.ProxyFromEnvironment,
		TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute, ResponseHeaderTimeout: 10 * time.Minute}
	return &Client{at: r.URL, base: "https://" + u.Host, token: token, http: &http.Client{Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("the door does not redirect") },
	}}, nil
}

// readToken reads a token's file. One that others can read has told it to them.
func readToken(name string) (string, error) {
	if name == "" {
		return "", errors.New("a token is needed: name its file with --token-file")
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("token file %s is open to others: chmod 0600 it, and replace the token if somebody "+
			"may have read it", name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("token file %s: it holds one line with a token", name)
	}
	return token, nil
}

// explainRemote says what to do when a daemon elsewhere cannot be reached.
func (c *Client) explainRemote(err error) error {
	text := fmt.Sprintf("ask the daemon at %s: %v", c.at, err)
	if _, wrong := errors.AsType[*tls.CertificateVerificationError](err); wrong {
		text += ": name it as its certificate does, and the CA's file if it is no public CA's"
	}
	return &api.Error{Code: api.Unreachable, Detail: text}
}
