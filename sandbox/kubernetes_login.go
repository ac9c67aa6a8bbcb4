package sandbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/sigv4"
)

// newKubeTLS makes an authority for one cluster, and the certificate of its API.
func newKubeTLS(now time.Time) (config *tls.Config, ca []byte, err error) {
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubernetes"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-apiserver"}, NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	if err != nil {
		return nil, nil, err
	}
	serverDER, err := x509.CreateCertificate(rand.Reader, server, authority, &serverKey.PublicKey, authorityKey)
	if err != nil {
		return nil, nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{serverDER}, PrivateKey: serverKey}}, MinVersion: tls.VersionTLS12,
	}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityDER}), nil
}

// kubeUser is who a token stands for within a cluster.
type kubeUser struct {
	name     string
	groups   []string
	policies []accessPolicy
}

const (
	kubeToken   = "k8s-aws-v1."
	kubeHeader  = "x-k8s-aws-id"
	authService = "203.0.113.43" // from where EKS asks STS, in records
)

// kubeLogin finds out who sent a request as EKS does: the token is a presigned
// request to STS, which is made
// (https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster).
func (s *Sandbox) kubeLogin(c *kubeCall, r *http.Request) (*kubeUser, error) {
	refused := kubeFailure(http.StatusUnauthorized, "Unauthorized", "Unauthorized")
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "+kubeToken)
	text, err := base64.RawURLEncoding.DecodeString(token)
	if !ok || err != nil {
		return nil, refused
	}
	asked, err := presignedIdentity(c.ctx, string(text), c.cluster.name)
	if err != nil {
		return nil, refused
	}
	sts := &call{ctx: c.ctx, sb: s, time: s.opts.Clock.Now(), userAgent: "Go-http-client/1.1", sourceIP: authService}
	s.mu.Lock()
	sts.requestID = s.newUUID()
	s.mu.Unlock()
	if answer, err := s.answer(sts, asked); err != nil || answer.Status != http.StatusOK {
		return nil, refused
	}
	c.caller = sts.caller
	s.mu.Lock()
	defer s.mu.Unlock()
	cluster := liveState(s, stateKey{"eks", c.cluster.account, c.cluster.region}, newEKSClusters).named(c.cluster.name)
	if cluster == nil {
		return nil, refused
	}
	entry := cluster.entry(orElse(c.caller.issuerARN, c.caller.arn))
	if entry == nil {
		return nil, refused
	}
	return &kubeUser{name: entry.username, groups: entry.groups, policies: entry.policies}, nil
}

// presignedIdentity is the request for GetCallerIdentity that a token holds, for this cluster and no other call.
func presignedIdentity(ctx context.Context, text, cluster string) (*http.Request, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, text, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set(kubeHeader, cluster)
	signature, err := sigv4.Parse(r)
	if err != nil {
		return nil, err
	}
	if u.Path != "/" && u.Path != "" || u.Query().Get("Action") != "GetCallerIdentity" || signature.Service != "sts" || signature.Expires > 15*time.Minute ||
		!slices.Contains(signature.SignedHeaders, kubeHeader) {
		return nil, sigv4.ErrMismatch
	}
	return r, nil
}
