package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/fault"
)

// callTimeout bounds one attempt of one AWS call.
const callTimeout = 15 * time.Second

// appID is how riposte names itself in the user agent of its calls.
const appID = "riposte"

// awsAccounts gives AWS configurations: riposte's own account with the base credentials, every other configured account
// with a role that is assumed there. An account that is not configured is refused, never guessed.
type awsAccounts struct {
	base  aws.Config
	roles map[string]AccountConfig

	mu       sync.Mutex
	identity *sts.GetCallerIdentityOutput
	assumed  map[string]aws.CredentialsProvider
}

// newAWSAccounts loads credentials; it calls nothing, so that riposte starts while AWS is out of reach.
func newAWSAccounts(ctx context.Context, c AWSConfig) (*awsAccounts, error) {
	base, err := baseConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	a := &awsAccounts{base: base, roles: map[string]AccountConfig{}, assumed: map[string]aws.CredentialsProvider{}}
	for _, account := range c.Accounts {
		a.roles[account.ID] = account
	}
	return a, nil
}

// baseConfig is riposte's own identity. Static keys make it hermetic: neither the user's profile nor the environment is
// read, so that the demo cannot reach a real account.
func baseConfig(ctx context.Context, c AWSConfig) (aws.Config, error) {
	client := awshttp.NewBuildableClient().WithTimeout(callTimeout) // the SDK's own, so that AWS_CA_BUNDLE is honoured
	retryer := func() aws.Retryer { return retry.NewAdaptiveMode() }
	if c.AccessKeyID != "" {
		return aws.Config{
			Region: c.Region, BaseEndpoint: aws.String(c.Endpoint), HTTPClient: client, Retryer: retryer, AppID: appID,
			Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, ""),
		}, nil
	}
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client), config.WithRetryer(retryer), config.WithAppID(appID),
	}
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	if c.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(c.Endpoint))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fault.New(fault.Invalid, "AWS configuration: %w", err).
			WithHint("set aws.region and aws.profile in the configuration, or the environment variables of the AWS SDK")
	}
	return cfg, nil
}

// Config returns the configuration for calls to one account and region.
func (a *awsAccounts) Config(ctx context.Context, account, region string) (aws.Config, error) {
	cfg := a.base.Copy()
	if region != "" {
		cfg.Region = region
	}
	role, configured := a.roles[account]
	if !configured {
		own, err := a.whoAmI(ctx)
		if err != nil {
			return aws.Config{}, err
		}
		if account != "" && account != aws.ToString(own.Account) {
			return aws.Config{}, fault.New(fault.Denied, "account %s is not configured", account).
				WithHint("add it under aws.accounts with the role to assume there")
		}
		return cfg, nil
	}
	cfg.Credentials = a.assume(role)
	return cfg, nil
}

func (a *awsAccounts) assume(role AccountConfig) aws.CredentialsProvider {
	a.mu.Lock()
	defer a.mu.Unlock()
	provider, ok := a.assumed[role.ID]
	if !ok {
		provider = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(a.base), role.Role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "riposte"
			if role.ExternalID != "" {
				o.ExternalID = aws.String(role.ExternalID)
			}
		}))
		a.assumed[role.ID] = provider
	}
	return provider
}

// whoAmI asks STS once for the base credentials' identity; a failure is asked again next time.
func (a *awsAccounts) whoAmI(ctx context.Context) (*sts.GetCallerIdentityOutput, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.identity != nil {
		return a.identity, nil
	}
	out, err := sts.NewFromConfig(a.base).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fault.New(fault.Unavailable, "AWS does not say who we are: %w", err).
			WithHint("check credentials and network with `aws sts get-caller-identity`")
	}
	a.identity = out
	return out, nil
}

// responders returns the principals that our calls are made as: the role of each configured account, and the configured
// responder or, without one, the identity of the base credentials.
func (a *awsAccounts) responders(ctx context.Context, configured string) ([]string, error) {
	var arns []string
	for _, account := range a.roles {
		arns = append(arns, account.Role)
	}
	slices.Sort(arns)
	if configured != "" {
		return append(arns, configured), nil
	}
	own, err := a.whoAmI(ctx)
	if err != nil {
		return nil, err
	}
	return append(arns, roleOf(aws.ToString(own.Arn))), nil
}

// roleOf turns the ARN of a role session into that of the role, as CloudTrail's session issuer names it.
func roleOf(arn string) string {
	head, session, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		return arn
	}
	role, _, _ := strings.Cut(session, "/")
	return fmt.Sprintf("%s:role/%s", strings.Replace(head, ":sts:", ":iam:", 1), role)
}
