package iam

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// login is whether a user has a password for the console.
type login struct {
	Password bool `json:"password"`
}

func readLogin(ctx context.Context, cfg aws.Config, r action.Resource) (login, error) {
	name := nameIn(r.ARN)
	_, err := iam.NewFromConfig(cfg).GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: &name})
	err = awscall.Fault(err, "iam:GetLoginProfile", "see whether %s has a password", name)
	if fault.CodeOf(err) == fault.NotFound {
		return login{}, nil
	}
	return login{Password: err == nil}, err
}

// NewRemoveLoginProfile returns the action iam.remove-login-profile.
func NewRemoveLoginProfile(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[userParams, login]{
		Spec: action.Spec{
			Name:  "iam.remove-login-profile",
			Title: "Take away a user's password",
			Description: "Deletes a user's password, so that nobody can sign in to the console as this user. Access keys and sessions of the console " +
				"that are open go on: `iam.deactivate-all-access-keys` and `iam.quarantine-principal` end those.",
			Parameters:   json.RawMessage(userSchema),
			Permissions:  []string{"iam:GetUser", "iam:GetLoginProfile", "iam:DeleteLoginProfile"},
			Effect:       action.StateChecked,
			Evidence:     action.EventEvidence,
			Irreversible: "nobody can read the password, so it can't be put back; give the user a new one",
		},
		Find: findUser, Leave: leaveEntity, Read: readLogin,
		Want: func(_ action.Resource, _ userParams, now login) (login, string, error) {
			if !now.Password {
				return now, "It has no password.", nil
			}
			return login{}, "Whoever knows its password can sign in to the console.", nil
		},
		Steps: func(r action.Resource, _, to login) ([]setting.Step[login], error) {
			return []setting.Step[login]{{Operation: "DeleteLoginProfile", Input: map[string]string{"UserName": nameIn(r.ARN)}, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"DeleteLoginProfile": op((*iam.Client).DeleteLoginProfile)},
	})
}
