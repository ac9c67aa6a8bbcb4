package accounts

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"

	"riposte.dev/fault"
)

// appID is how riposte names itself in the user agent of its calls.
const appID = "riposte"

// Bounds on the network. What one attempt may take as a whole is in attempt.go.
const (
	dialTimeout   = 5 * time.Second
	headerTimeout = 40 * time.Second // above the longest attempt, for those that stream a body without a bound of their own
)

// Identity says where riposte's own credentials come from.
type Identity struct {
	Region, Profile string
	Endpoint        string // for the sandbox or another emulator
	// With keys neither the user's profile nor the environment is read, so that a demo cannot reach a real account. Such
	// keys need Region and Endpoint.
	AccessKeyID, SecretAccessKey string
}

// Base loads riposte's own identity. It calls nothing, so that riposte starts while AWS is out of reach. It fails with
// fault.Invalid.
func Base(ctx context.Context, id Identity) (aws.Config, error) {
	// The SDK's own client, so that AWS_CA_BUNDLE is honoured.
	client := awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = headerTimeout })
	if id.AccessKeyID != "" {
		if id.Region == "" || id.Endpoint == "" {
			return aws.Config{}, fault.New(fault.Invalid, "static keys need a region and an endpoint").
				WithHint("keys in the configuration are for the sandbox; for AWS use a role or profile")
		}
		return aws.Config{
			Region: id.Region, BaseEndpoint: aws.String(id.Endpoint), HTTPClient: client, AppID: appID,
			Credentials: credentials.NewStaticCredentialsProvider(id.AccessKeyID, id.SecretAccessKey, ""),
		}, nil
	}
	options := []func(*config.LoadOptions) error{config.WithHTTPClient(client), config.WithAppID(appID), config.WithLogger(logging.Nop{})}
	if id.Region != "" {
		options = append(options, config.WithRegion(id.Region))
	}
	if id.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(id.Profile))
	}
	if id.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(id.Endpoint))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fault.New(fault.Invalid, "AWS configuration: %w", err).
			WithHint("set aws.region and aws.profile in the configuration, or the environment variables of the AWS SDK")
	}
	return cfg, nil
}
