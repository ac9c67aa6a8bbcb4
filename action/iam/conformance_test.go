package iam_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/iam"
	"riposte.dev/sandbox"
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
		return actiontest.World{
			Action:  func(permissions []string) action.Action { return iam.NewDeactivateAccessKey(c.Caller(permissions)) },
			Request: request(fmt.Sprintf(`{"access_key_id":%q}`, *id)),
			Missing: []byte(`{"access_key_id":"AKIAAAAAAAAAAAAAAAAA"}`),
			State:   func() string { return fmt.Sprint(c.works(c.key)) },
			Writes:  c.Writes,
			Interfere: func() {
				_, err := c.client.DeleteAccessKey(t.Context(), &sdk.DeleteAccessKeyInput{UserName: aws.String("mallory"), AccessKeyId: id})
				c.must(err)
			},
			Stale: func(reads int) {
				c.AddStaleness(sandbox.Staleness{Service: "iam", Operation: "UpdateAccessKey", Reads: reads})
			},
		}
	})
}

func TestQuarantine(t *testing.T) {
	ofBoth(t, "riposte-quarantine", func(c cloud, permissions []string) action.Action { return iam.NewQuarantine(c.Caller(permissions)) })
}

func TestRevokeSessions(t *testing.T) {
	ofBoth(t, "riposte-revoke-sessions", func(c cloud, permissions []string) action.Action {
		return iam.NewRevokeSessions(c.Caller(permissions), func() time.Time { return time.Date(2026, 11, 21, 16, 4, 0, 5, time.UTC) })
	})
}

// ofBoth runs the suite with a user, a role, and a role's session.
func ofBoth(t *testing.T, policy string, newAction func(c cloud, permissions []string) action.Action) {
	for _, tt := range []struct {
		name, arn, principal, put, missing string
		elsewhere                          []string
	}{
		{"user", userARN, userARN, "PutUserPolicy", "user/nobody", ofRoles},
		{"role", roleARN, roleARN, "PutRolePolicy", "role/nobody", ofUsers},
		{"session", roleARN, sessionARN, "PutRolePolicy", "role/nobody", ofUsers},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				c.put(tt.arn, "other", somebodys)
				return actiontest.World{
					Action:    func(permissions []string) action.Action { return newAction(c, permissions) },
					Request:   ofPrincipal(tt.principal),
					Missing:   ofPrincipal("arn:aws:iam::" + account + ":" + tt.missing).Params,
					State:     func() string { return text(c.policies(tt.arn)) },
					Writes:    c.Writes,
					Elsewhere: tt.elsewhere,
					Interfere: func() { c.put(tt.arn, policy, somebodys) },
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "iam", Operation: tt.put, Reads: reads})
					},
				}
			})
		})
	}
}
