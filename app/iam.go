package app

import (
	"cmp"
	"context"
	"os"

	"riposte.dev/cli"
	"riposte.dev/fault"
	"riposte.dev/iam"
)

// policies is cli.PolicyFunc.
func policies(_ context.Context, r cli.PolicyRequest) ([]iam.Policy, error) {
	s, err := policySetup(r)
	if err != nil {
		return nil, err
	}
	for i := range s.Responses {
		s.Responses[i].PlanOnly = r.Plan
	}
	needs := iam.Responder
	switch {
	case len(r.Actions) > 0 && r.Kind == "reader":
		needs = iam.Look
	case len(r.Actions) > 0:
		needs = iam.Respond
	case r.Kind == "reader":
		needs = iam.Reader
	}
	return iam.Split(iam.Merge(needs(s)), r.Limit)
}

// policySetup is what is enabled, or the actions that are asked for alone.
func policySetup(r cli.PolicyRequest) (iam.Setup, error) {
	if len(r.Actions) > 0 {
		return actionSetup(r)
	}
	c, force, err := readAll(r.Config)
	if err != nil {
		return iam.Setup{}, err
	}
	actions, err := Actions()
	if err != nil {
		return iam.Setup{}, err
	}
	return setup(c, force, actions, r.Account, os.Getenv("AWS_REGION"))
}

func actionSetup(r cli.PolicyRequest) (iam.Setup, error) {
	var s iam.Setup
	actions, err := Actions()
	if err != nil {
		return s, err
	}
	for _, name := range r.Actions {
		a, err := actions.Action(name)
		if err != nil {
			return s, err
		}
		s.Responses = append(s.Responses, response(a.Spec()))
	}
	c, err := readConfig(r.Config)
	if err != nil {
		return s, err
	}
	s.Partition = cmp.Or(arnPart(c.AWS.Responder, 1), "aws")
	if s.Account = cmp.Or(r.Account, arnPart(c.AWS.Responder, 4), ownAccount(c)); s.Account == "" {
		return s, fault.New(fault.Invalid, "the configuration does not say which account riposte runs in").
			WithHint("pass --account with its 12 digits, or set aws.responder")
	}
	return s, nil
}
