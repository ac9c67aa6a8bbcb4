package iam_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/iam"
)

// Permissions that a user takes, and a role.
var (
	ofUsers = []string{"iam:GetUser", "iam:GetUserPolicy", "iam:PutUserPolicy", "iam:DeleteUserPolicy"}
	ofRoles = []string{"iam:GetRole", "iam:GetRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"}
)

const somebodys = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`

func TestDeactivateAccessKey(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t)
		id := aws.String(c.key.AccessKeyID)
		w := c.World(iam.NewDeactivateAccessKey, fmt.Sprintf(`{"access_key_id":%q}`, *id), `{"access_key_id":"AKIAAAAAAAAAAAAAAAAA"}`, func() string { return fmt.Sprint(c.works(c.key)) })
		w.Interfere = func() {
			_, err := c.client.DeleteAccessKey(t.Context(), &sdk.DeleteAccessKeyInput{UserName: aws.String("mallory"), AccessKeyId: id})
			c.Must(err)
		}
		return w
	})
}

func TestQuarantine(t *testing.T) {
	ofBoth(t, "riposte-quarantine", iam.NewQuarantine)
}

func TestRevokeSessions(t *testing.T) {
	ofBoth(t, "riposte-revoke-sessions", func(caller *awscall.Caller) action.Action {
		return iam.NewRevokeSessions(caller, func() time.Time { return time.Date(2026, 11, 21, 16, 4, 0, 5, time.UTC) })
	})
}

// ofBoth runs the suite with a user, a role, and a role's session.
func ofBoth(t *testing.T, policy string, newAction actiontest.NewAction) {
	for _, tt := range []struct {
		name, arn, principal, missing string
		elsewhere                     []string
	}{
		{"user", userARN, userARN, "user/nobody", ofRoles},
		{"role", roleARN, roleARN, "role/nobody", ofUsers},
		{"session", roleARN, sessionARN, "role/nobody", ofUsers},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				c.put(tt.arn, "other", somebodys)
				w := c.World(newAction, "", "", func() string { return text(c.policies(tt.arn)) })
				w.Request, w.Missing = ofPrincipal(tt.principal), ofPrincipal("arn:aws:iam::"+account+":"+tt.missing).Params
				w.Elsewhere = tt.elsewhere
				w.Interfere = func() { c.put(tt.arn, policy, somebodys) }
				return w
			})
		})
	}
}
