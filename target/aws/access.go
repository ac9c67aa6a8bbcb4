package aws

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/fault"
	"riposte.dev/target"
)

// AWS gives the configuration for calls to an account and region; account "" is riposte's own. It is called for each
// delivery, so it should keep what is expensive. Its errors carry fault codes.
type AWS func(ctx context.Context, account, region string) (aws.Config, error)

// access gives the configuration for a call to a target.
type access struct {
	aws AWS

	mu      sync.Mutex
	assumed map[string]aws.CredentialsProvider // by role's ARN and region
}

// sender is what the senders share: the way to a target, and what an error says.
type sender struct {
	*access
	kind   string
	action string // IAM action, for hints
}

// Kind is the name of the kind.
func (s *sender) Kind() string { return s.kind }

// reach returns the configuration for the target's account and region, and its ARN in parts. A target by phone number is
// reached in riposte's own account and region.
func (s *sender) reach(ctx context.Context, c *target.Config) (aws.Config, arn.ARN, error) {
	var to arn.ARN
	if c.ARN != "" {
		var err error
		if to, err = arn.Parse(c.ARN); err != nil {
			return aws.Config{}, to, fault.New(fault.Invalid, "%q is not an ARN", c.ARN)
		}
	}
	account := to.AccountID
	if c.RoleARN != "" {
		account = ""
	}
	cfg, err := s.aws(ctx, account, to.Region)
	if err != nil {
		return aws.Config{}, to, fmt.Errorf("reach %s: %w", c.Address(), err)
	}
	if to.Region != "" {
		cfg.Region = to.Region
	}
	if c.RoleARN == "" {
		return cfg, to, nil
	}
	cfg.Credentials = s.role(cfg, c.RoleARN)
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		failed := s.failed(ctx, c, "assume "+c.RoleARN, err)
		if fault.Retryable(failed) {
			return cfg, to, target.Coded("TRANSIENT_ASSUME_ROLE", failed)
		}
		return cfg, to, target.Coded(target.FailedToAssumeRole, failed)
	}
	return cfg, to, nil
}

// role assumes a role; its credentials are kept until they expire.
func (a *access) role(cfg aws.Config, role string) aws.CredentialsProvider {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := role + " " + cfg.Region
	if a.assumed[key] == nil {
		a.assumed[key] = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "riposte-target"
		}))
	}
	return a.assumed[key]
}

// Senders returns a sender for each kind of target in AWS.
func Senders(access AWS) []target.Sender {
	a := newAccess(access)
	of := func(kind, action string) sender { return sender{access: a, kind: kind, action: action} }
	return []target.Sender{
		&topics{of("sns", "sns:Publish")}, &phones{of("sms", "sns:Publish")}, &queues{of("sqs", "sqs:SendMessage")},
		&functions{of("lambda", "lambda:InvokeFunction")}, &stateMachines{of("states", "states:StartExecution")},
		&buses{of("events", "events:PutEvents")}, &streams{of("kinesis", "kinesis:PutRecord")},
		&deliveryStreams{of("firehose", "firehose:PutRecord")}, &logGroups{of("logs", "logs:PutLogEvents")},
		&documents{of("ssm", "ssm:SendCommand")}, &clusters{of("ecs", "ecs:RunTask")},
	}
}

func newAccess(of AWS) *access {
	return &access{aws: of, assumed: map[string]aws.CredentialsProvider{}}
}

// name is the last part of a resource, such as of function:NAME, stream/NAME.
func name(resource string) string { return resource[strings.IndexAny(resource, ":/")+1:] }
