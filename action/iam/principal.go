package iam

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Types of resources.
const (
	userType    = "AWS::IAM::User"
	roleType    = "AWS::IAM::Role"
	groupType   = "AWS::IAM::Group"
	policyType  = "AWS::IAM::ManagedPolicy"
	keyType     = "AWS::IAM::AccessKey"
	accountType = "AWS::::Account"
)

// principal is whom an ARN names
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns).
type principal struct {
	kind    string // userType, roleType, or accountType for root
	name    string // of the user or role, without its path
	session string // of an assumed role; else ""
}

// parsePrincipal reads the ARN of a user, a role, a session of a role, or root. The session of a federated user has no
// permissions of its own and is refused.
func parsePrincipal(text string, req action.Request) (principal, error) {
	wrong := func(format string, args ...any) (principal, error) {
		return principal{}, fault.New(fault.Invalid, format, args...).
			WithHint("give principal_arn as arn:%s:iam::%s:user/NAME, …:role/NAME, or the ARN of a role's session", awscall.Partition(req.Region), req.Account)
	}
	parsed, err := arn.Parse(text)
	if err != nil || parsed.Region != "" {
		return wrong("principal_arn %.200q is not the ARN of a principal", text)
	}
	if parsed.AccountID != req.Account || parsed.Partition != awscall.Partition(req.Region) {
		return wrong("principal_arn %.200q is not of account %s in partition %s", text, req.Account, awscall.Partition(req.Region))
	}
	kind, rest, _ := strings.Cut(parsed.Resource, "/")
	name := rest[strings.LastIndexByte(rest, '/')+1:]
	switch {
	case parsed.Service == "iam" && parsed.Resource == "root":
		return principal{kind: accountType}, nil
	case parsed.Service == "iam" && kind == "user" && name != "":
		return principal{kind: userType, name: name}, nil
	case parsed.Service == "iam" && kind == "role" && name != "":
		return principal{kind: roleType, name: name}, nil
	case parsed.Service == "sts" && kind == "assumed-role":
		role, session, ok := strings.Cut(rest, "/")
		if ok && role != "" && session != "" {
			return principal{kind: roleType, name: role, session: session}, nil
		}
	case parsed.Service == "sts" && kind == "federated-user":
		return principal{}, fault.New(fault.Invalid, "%s is the session of a federated user, which has no permissions but those of the IAM user who called GetFederationToken", text).
			WithHint("give the ARN of that user, which events have in userIdentity.sessionContext.sessionIssuer.arn")
	}
	return wrong("principal_arn %.200q names neither a user nor a role", text)
}

// identities reaches IAM in accounts.
type identities struct{ caller *awscall.Caller }

func (i identities) client(ctx context.Context, account, region string) (*iam.Client, error) {
	cfg, err := i.caller.Config(ctx, account, region)
	if err != nil {
		return nil, err
	}
	return iam.NewFromConfig(cfg), nil
}

// home is the region of IAM's control plane, and that of its events, in the partition of a region
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/disaster-recovery-resiliency.html).
func home(region string) string {
	switch awscall.Partition(region) {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	default:
		return "us-east-1"
	}
}

// find looks the principal up. One that does not exist is fault.NotFound.
func (i identities) find(ctx context.Context, p principal, req action.Request) (action.Resource, error) {
	client, err := i.client(ctx, req.Account, home(req.Region))
	if err != nil {
		return action.Resource{}, err
	}
	return lookUp(ctx, client, p, req)
}

func lookUp(ctx context.Context, client *iam.Client, p principal, req action.Request) (action.Resource, error) {
	r := action.Resource{Type: p.kind, Name: p.name, Account: req.Account, Region: home(req.Region)}
	var tags []types.Tag
	switch p.kind {
	case accountType:
		r.ARN, r.Name = "arn:"+awscall.Partition(req.Region)+":iam::"+req.Account+":root", "root of account "+req.Account
		return r, nil
	case userType:
		out, err := client.GetUser(ctx, &iam.GetUserInput{UserName: &p.name})
		if err != nil {
			return r, missing(awscall.Fault(err, "iam:GetUser", "read the user %s", p.name), "user", p.name, req.Account)
		}
		r.ARN, tags = aws.ToString(out.User.Arn), out.User.Tags
	case groupType:
		out, err := client.GetGroup(ctx, &iam.GetGroupInput{GroupName: &p.name, MaxItems: aws.Int32(1)})
		if err != nil {
			return r, missing(awscall.Fault(err, "iam:GetGroup", "read the group %s", p.name), "group", p.name, req.Account)
		}
		r.ARN = aws.ToString(out.Group.Arn)
	default:
		out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &p.name})
		if err != nil {
			return r, missing(awscall.Fault(err, "iam:GetRole", "read the role %s", p.name), "role", p.name, req.Account)
		}
		r.ARN, tags = aws.ToString(out.Role.Arn), out.Role.Tags
	}
	for _, t := range tags {
		if r.Tags == nil {
			r.Tags = map[string]string{}
		}
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return r, nil
}

// missing words what is not there for people.
func missing(err error, kind, name, account string) error {
	if fault.CodeOf(err) != fault.NotFound {
		return err
	}
	gone := fault.New(fault.NotFound, "account %s has no %s %s", account, kind, name).
		WithHint("it was deleted, or it is in another account")
	gone.Err = err
	return gone
}

// ofPermissionSet reports whether the role belongs to a permission set of Identity Center
// (https://docs.aws.amazon.com/singlesignon/latest/userguide/using-service-linked-roles.html).
func ofPermissionSet(r action.Resource) bool {
	return r.Type == roleType && (strings.Contains(r.ARN, ":role/aws-reserved/sso.amazonaws.com/") || strings.HasPrefix(r.Name, "AWSReservedSSO_"))
}

// ofService reports whether the role is linked to a service
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html).
func ofService(r action.Resource) bool {
	return r.Type == roleType && strings.Contains(r.ARN, ":role/aws-service-role/")
}
