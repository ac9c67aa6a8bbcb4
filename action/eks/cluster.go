package eks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// requestTimeout bounds one call of Kubernetes's API.
const requestTimeout = 15 * time.Second

var clusterName = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`)

// describe finds a cluster that has an API already.
func describe(ctx context.Context, cfg aws.Config, name string) (*types.Cluster, error) {
	out, err := eks.NewFromConfig(cfg).DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
	if err != nil {
		return nil, awscall.Missing(awscall.Fault(err, "eks:DescribeCluster", "look at the cluster %s", name),
			"there is no cluster "+name, "it is in another region, or the name is misspelt")
	}
	c := out.Cluster
	if aws.ToString(c.Endpoint) == "" || c.CertificateAuthority == nil {
		return nil, fault.New(fault.Conflict, "the cluster %s is %s and has no Kubernetes API yet", name, c.Status).WithHint("try again when it is ACTIVE")
	}
	return c, nil
}

// connect gets at the Kubernetes API of a cluster, as who cfg stands for. close it after use.
func connect(ctx context.Context, cfg aws.Config, c *types.Cluster, now func() time.Time) (*kubernetes, error) {
	name := aws.ToString(c.Name)
	ca, err := base64.StdEncoding.DecodeString(aws.ToString(c.CertificateAuthority.Data))
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(ca) {
		return nil, fault.New(fault.Unavailable, "EKS gave no certificate authority of the cluster %s that can be read", name).
			WithHint("look at certificateAuthority in aws eks describe-cluster --name %s", name)
	}
	token, err := newToken(ctx, cfg, name, now)
	if err != nil {
		return nil, err
	}
	return &kubernetes{
		cluster: name, endpoint: aws.ToString(c.Endpoint), token: token, region: cfg.Region, now: now,
		client: &http.Client{
			Timeout:       requestTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token is for the cluster alone
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
				ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10,
			},
		},
	}, nil
}

// A token is a request to STS that is signed and not made; the cluster makes it, to learn who comes
// (https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster).
const (
	tokenPrefix   = "k8s-aws-v1."
	tokenHeader   = "x-k8s-aws-id"
	tokenLifetime = "60" // seconds
)

// newToken makes a token for one cluster. CloudTrail will show the role call GetCallerIdentity, made by EKS: its request id never
// comes to riposte, so it is noted as a call whose answer was lost, and not taken for somebody else's.
func newToken(ctx context.Context, cfg aws.Config, cluster string, now func() time.Time) (string, error) {
	signed, err := sts.NewPresignClient(sts.NewFromConfig(cfg)).PresignGetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.PresignOptions) {
		o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
			o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue(tokenHeader, cluster), smithyhttp.SetHeaderValue("X-Amz-Expires", tokenLifetime))
		})
	})
	if err != nil {
		return "", awscall.Fault(err, "sts:AssumeRole", "sign a token for the cluster %s", cluster)
	}
	action.Note(ctx, action.Receipt{Service: "sts", Operation: "GetCallerIdentity", Region: cfg.Region, At: now().UTC()})
	return tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(signed.URL)), nil
}
