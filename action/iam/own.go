package iam

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
)

// own reports whether the user or role is the one that riposte itself uses in the account. Against it riposte does nothing: it
// would lock itself out, and could not take that back. Asking needs no permission
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
func (i identities) own(ctx context.Context, who principal, req action.Request) (bool, error) {
	cfg, err := i.caller.Config(ctx, req.Account, home(req.Region))
	if err != nil {
		return false, err
	}
	return isOwn(ctx, cfg, who, req)
}

func isOwn(ctx context.Context, cfg aws.Config, who principal, req action.Request) (bool, error) {
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return false, awscall.Fault(err, "sts:GetCallerIdentity", "ask as whom riposte acts in account %s", req.Account)
	}
	self, err := parsePrincipal(aws.ToString(out.Arn), req)
	if err != nil {
		return false, fmt.Errorf("riposte acts as somebody unexpected in account %s: %w", req.Account, err)
	}
	return self.kind == who.kind && self.name == who.name, nil
}

// look finds the principal and asks whether it is riposte's own.
func (i identities) look(ctx context.Context, who principal, req action.Request) (r action.Resource, own bool, err error) {
	if r, err = i.find(ctx, who, req); err != nil {
		return r, false, err
	}
	own, err = i.own(ctx, who, req)
	return r, own, err
}

// ownSteps says what people can do about the user or role that riposte uses.
func ownSteps(r action.Resource) string {
	return fmt.Sprintf("Riposte itself acts as this in account %s: it would lock itself out and could not take that back. If somebody else has "+
		"its credentials: pause riposte, revoke the sessions or replace the key by hand, narrow who may assume the role, and start riposte again.", r.Account)
}
