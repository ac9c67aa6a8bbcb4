package iam

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// What the settings of this package share: the user, role or group that their parameters name.

// userParams name a user.
type userParams struct {
	User string `json:"user_name"`
}

const userSchema = `{
  "type": "object",
  "additionalProperties": false,
  "required": ["user_name"],
  "properties": {"user_name": {"type": "string", "minLength": 1, "maxLength": 64, "description": "name of an IAM user"}}
}`

// atHome is the configuration for IAM's control plane.
func atHome(cfg aws.Config, req action.Request) aws.Config {
	cfg = cfg.Copy()
	cfg.Region = home(req.Region)
	return cfg
}

func findUser(ctx context.Context, cfg aws.Config, req action.Request, p userParams) ([]action.Resource, error) {
	if p.User == "" || strings.ContainsAny(p.User, ":/") {
		return nil, fault.New(fault.Invalid, "user_name %.100q is not the name of a user", p.User).WithHint(`give {"user_name": "alice"}`)
	}
	r, err := lookUp(ctx, iam.NewFromConfig(atHome(cfg, req)), principal{kind: userType, name: p.User}, req)
	return []action.Resource{r}, err
}

// findEntity returns the user, role or group of the ARN. A role's session stands for its role.
func findEntity(ctx context.Context, cfg aws.Config, req action.Request, text string) (action.Resource, error) {
	who, err := parseEntity(text, req)
	if err != nil {
		return action.Resource{}, err
	}
	return lookUp(ctx, iam.NewFromConfig(atHome(cfg, req)), who, req)
}

func parseEntity(text string, req action.Request) (principal, error) {
	parsed, err := arn.Parse(text)
	if err == nil && parsed.Service == "iam" && parsed.AccountID == req.Account && parsed.Partition == awscall.Partition(req.Region) {
		if name, ok := strings.CutPrefix(parsed.Resource, "group/"); ok && nameIn("/"+name) != "" {
			return principal{kind: groupType, name: nameIn("/" + name)}, nil
		}
	}
	return parsePrincipal(text, req)
}

// leaveEntity leaves to people what only AWS or Identity Center may change, root, and riposte's own user or role.
func leaveEntity(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
	switch {
	case r.Type == accountType:
		return "Root has no policies in the account. Let the management account attach a service control policy that denies root " +
			"everything in account " + r.Account + ".", nil
	case ofService(r):
		return "It is the role of an AWS service, which nobody else may change. Look at who uses the service.", nil
	case ofPermissionSet(r):
		return "It is the role of a permission set, which only IAM Identity Center may change: change the permission set there, and provision it again.", nil
	case r.Type == groupType:
		return "", nil
	}
	own, err := isOwn(ctx, cfg, principal{kind: r.Type, name: nameIn(r.ARN)}, action.Request{Account: r.Account, Region: r.Region})
	if err != nil || !own {
		return "", err
	}
	return ownSteps(r), nil
}

// op is how an operation of IAM is made.
func op[In, Out any](operation func(*iam.Client, context.Context, *In, ...func(*iam.Options)) (*Out, error)) setting.Operation {
	return setting.Op(iam.NewFromConfig, operation)
}

// parsePolicyARN checks that the text is the ARN of a managed policy, the account's own or AWS's.
func parsePolicyARN(text string, req action.Request) (arn.ARN, error) {
	parsed, err := arn.Parse(text)
	if err != nil || parsed.Service != "iam" || !strings.HasPrefix(parsed.Resource, "policy/") || strings.Contains(text, " ") ||
		(parsed.AccountID != "aws" && parsed.AccountID != req.Account) {
		return parsed, fault.New(fault.Invalid, "policy_arn %.200q is not the ARN of a managed policy of account %s or of AWS", text, req.Account).
			WithHint("give it as arn:%[1]s:iam::%[2]s:policy/NAME or arn:%[1]s:iam::aws:policy/NAME", awscall.Partition(req.Region), req.Account)
	}
	return parsed, nil
}

// givenDocument reads the parameter policy: a policy as JSON, or as JSON in a text.
func givenDocument(raw json.RawMessage) (json.RawMessage, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	var document struct{ Statement json.RawMessage }
	if err := json.Unmarshal(raw, &document); err != nil || len(document.Statement) == 0 {
		return nil, fault.New(fault.Invalid, "policy is not a policy document").
			WithHint(`give it as it was, such as {"Version":"2012-10-17","Statement":[…]}`)
	}
	return raw, nil
}
