package cli

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/pflag"

	"riposte.dev/action"
	"riposte.dev/event"
)

// AWSOptions say as whom a command calls AWS. The zero value is what the AWS SDK finds: environment, profile, role.
type AWSOptions struct {
	Profile    string // of the AWS configuration files
	Role       string // ARN of a role to assume
	ExternalID string // that the role's trust policy asks for
	Endpoint   string // instead of AWS's own

	Configured bool   // where these say nothing, the configuration does, as for serve
	Config     string // its file; "": riposte.yaml where there is one
	Account    string // that the configuration knows a way to; "": that of the credentials
}

func (o *AWSOptions) add(f *pflag.FlagSet) {
	f.StringVar(&o.Profile, "profile", "", "profile of the AWS configuration files")
	f.StringVar(&o.Role, "role", "", "ARN of a role to assume, in any account")
	f.StringVar(&o.ExternalID, "external-id", "", "external id that the role's trust policy asks for")
	f.StringVar(&o.Endpoint, "endpoint-url", "", "endpoint instead of AWS's own (or AWS_ENDPOINT_URL)")
}

// AWSSession is an account that a command may call.
type AWSSession struct {
	Account   string // 12 digits
	Principal string // ARN of who calls
	Config    aws.Config
	File      string // configuration that it was opened by; "": riposte.yaml where there is one
}

// In is the configuration for a region.
func (s AWSSession) In(region string) aws.Config {
	cfg := s.Config.Copy()
	cfg.Region = region
	return cfg
}

// AWSFunc opens a session: credentials, and the account and principal behind them. Its errors carry fault codes.
type AWSFunc func(ctx context.Context, o AWSOptions) (AWSSession, error)

// PlanRequest is a response that would have started.
type PlanRequest struct {
	Rule, Playbook string
	Input          json.RawMessage // of the playbook
	Event          *event.Envelope
	AWS            AWSSession // with which to look
}

// PlanResult is what the response would do now.
type PlanResult struct {
	Plans  []action.Plan // in the order of the playbook
	Failed []error       // what could not be looked at, with fault codes: which permission is missing
}

// PlanFunc rehearses a response. It reads and never changes anything.
type PlanFunc func(ctx context.Context, r PlanRequest) (PlanResult, error)
