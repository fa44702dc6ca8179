package graph

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"clawback/config"
	"clawback/internal/keyfile"
)

// credential makes token credentials of one tenant, from files that are read each time: a renewed file takes effect
// with the next token that is refused.
type credential struct {
	tenant string
	g      config.Graph
	cloud  Cloud
	http   *http.Client
}

var errNoCredential = errors.New("no credential is configured")

// make builds a credential with an empty cache of its own.
func (c credential) make() (azcore.TokenCredential, error) {
	switch {
	case c.g.ManagedIdentity:
		return c.managed()
	case c.g.FederatedToken != "":
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: c.options(), DisableInstanceDiscovery: !c.cloud.Known,
			ClientID: c.g.ClientID, TenantID: c.tenant, TokenFilePath: c.g.FederatedToken,
		})
	case c.g.CertificateFile != "":
		return c.certificate()
	}
	secret, err := c.secret()
	if err != nil {
		return nil, err
	}
	return azidentity.NewClientSecretCredential(c.tenant, c.g.ClientID, secret,
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: c.options(), DisableInstanceDiscovery: !c.cloud.Known,
		})
}

// closedToOthers refuses a file with a key or a secret that others may read: also one that was opened since the
// configuration was read.
func closedToOthers(file string) error {
	if open, is := errors.AsType[*keyfile.OpenError](keyfile.Check(file)); is {
		return fmt.Errorf("%w: %s", open, open.Hint())
	}
	return nil
}

// secret prefers the file, which may have been renewed since the configuration was read.
func (c credential) secret() (string, error) {
	if c.g.ClientSecretFile != "" {
		if err := closedToOthers(c.g.ClientSecretFile); err != nil {
			return "", fmt.Errorf("read client secret: %w", err)
		}
		raw, err := os.ReadFile(c.g.ClientSecretFile)
		if err == nil {
			return firstLine(raw), nil
		}
		if c.g.ClientSecret.Reveal() == "" {
			return "", fmt.Errorf("read client secret: %w", err)
		}
	}
	if c.g.ClientSecret.Reveal() == "" {
		return "", errNoCredential
	}
	return c.g.ClientSecret.Reveal(), nil
}

// options: the retries of azcore are off, because the engine has a schedule.
func (c credential) options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     azcloud.Configuration{ActiveDirectoryAuthorityHost: c.cloud.Login + "/"},
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{Disabled: true},
		Transport: c.http,
	}
}

func (c credential) managed() (azcore.TokenCredential, error) {
	once := azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}}
	o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: once}
	if c.g.ClientID != "" {
		o.ID = azidentity.ClientID(c.g.ClientID)
	}
	return azidentity.NewManagedIdentityCredential(o)
}

func (c credential) certificate() (azcore.TokenCredential, error) {
	if err := closedToOthers(c.g.CertificateFile); err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	raw, err := os.ReadFile(c.g.CertificateFile)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	certs, key, err := azidentity.ParseCertificates(raw, nil)
	if err != nil {
		return nil, fmt.Errorf("parse certificate %s: %w (a PKCS #12 file must be without a password and in the old "+
			"format: openssl pkcs12 -legacy; PEM is simpler)",
			c.g.CertificateFile, err)
	}
	return azidentity.NewClientCertificateCredential(c.tenant, c.g.ClientID, certs, key,
		&azidentity.ClientCertificateCredentialOptions{
			ClientOptions: c.options(), DisableInstanceDiscovery: !c.cloud.Known,
		})
}

// kind names what ends.
func (c credential) kind() string {
	if c.g.CertificateFile == "" {
		return "client secret"
	}
	return "certificate"
}

// expiry says until when the certificate is valid, or the client secret where that was written down; false for the
// other ways, whose end only Entra knows.
func (c credential) expiry() (time.Time, bool) {
	if c.g.CertificateFile == "" {
		return c.g.ClientSecretEnds, !c.g.ClientSecretEnds.IsZero()
	}
	raw, err := os.ReadFile(c.g.CertificateFile)
	if err != nil {
		return time.Time{}, false
	}
	certs, _, err := azidentity.ParseCertificates(raw, nil)
	if err != nil || len(certs) == 0 {
		return time.Time{}, false
	}
	return leaf(certs).NotAfter, true
}

// leaf is the certificate that is no authority.
func leaf(certs []*x509.Certificate) *x509.Certificate {
	for _, c := range certs {
		if !c.IsCA {
			return c
		}
	}
	return certs[0]
}

func firstLine(raw []byte) string {
	for i, c := range raw {
		if c == '\n' || c == '\r' {
			return string(raw[:i])
		}
	}
	return string(raw)
}

// getToken asks a credential, for at most half a minute.
func getToken(ctx context.Context, cred azcore.TokenCredential, scope, claims string) (azcore.AccessToken, error) {
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}, Claims: claims, EnableCAE: true})
}
