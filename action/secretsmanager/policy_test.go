package secretsmanager_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/secretsmanager"
)

const (
	own    = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}`
	public = `{"Sid":"Everybody","Effect":"Allow","Principal":"*","Action":"secretsmanager:GetSecretValue","Resource":"*"}`
	named  = `{"secret":"orders/db"}`
	none   = `{"secret":"none"}`
)

func (c cloud) putPolicy(statements string) {
	_, err := c.client.PutResourcePolicy(c.T.Context(), &sdk.PutResourcePolicyInput{
		SecretId: aws.String("orders/db"), ResourcePolicy: aws.String(`{"Version":"2012-10-17","Statement":[` + statements + `]}`),
	})
	c.Must(err)
}

// policyOf returns what looks at the secret's policy.
func (c cloud) policyOf() func() string {
	return func() string {
		out, err := c.client.GetResourcePolicy(c.T.Context(), &sdk.GetResourcePolicyInput{SecretId: aws.String("orders/db")})
		c.Must(err)
		return aws.ToString(out.ResourcePolicy)
	}
}

func TestRemovePublicStatementsConforms(t *testing.T) {
	for _, tt := range []struct {
		name, statements string
		elsewhere        []string
	}{
		{"one of two", own + "," + public, []string{"secretsmanager:DeleteResourcePolicy"}},
		{"all", public, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				c.putPolicy(tt.statements)
				w := c.World(secretsmanager.NewRemovePublicStatements, named, none, c.policyOf())
				w.Elsewhere = tt.elsewhere
				w.Interfere = func() { c.putPolicy(own + "," + own) }
				return w
			})
		})
	}
}

// schedule returns what looks at how the secret is rotated.
func (c cloud) schedule() func() string {
	return func() string {
		out, err := c.client.DescribeSecret(c.T.Context(), &sdk.DescribeSecretInput{SecretId: aws.String("orders/db")})
		c.Must(err)
		return fmt.Sprint(*out.RotationEnabled, aws.ToString(out.RotationLambdaARN), len(out.VersionIdsToStages))
	}
}

// cancelled makes a secret whose rotation was cancelled, and how often it was.
func cancelled(t *testing.T, rules *types.RotationRulesType) cloud {
	c := newCloud(t)
	_, err := c.client.RotateSecret(t.Context(), &sdk.RotateSecretInput{
		SecretId: aws.String("orders/db"), RotationLambdaARN: aws.String(function), RotationRules: rules, RotateImmediately: aws.Bool(false),
	})
	c.Must(err)
	_, err = c.client.CancelRotateSecret(t.Context(), &sdk.CancelRotateSecretInput{SecretId: aws.String("orders/db")})
	c.Must(err)
	return c
}

func TestEnableRotationConforms(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := cancelled(t, nil)
		return c.World(secretsmanager.NewEnableRotation, named, none, c.schedule())
	})
}

func TestHowOftenItIsRotated(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rules *types.RotationRulesType
		days  int64
	}{
		{"nobody has said", nil, 30},
		{"as before", &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(7)}, 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := cancelled(t, tt.rules)
			a := c.Action(secretsmanager.NewEnableRotation)
			c.Do(a, c.Item(a, actiontest.Request(named)))
			out, err := c.client.DescribeSecret(t.Context(), &sdk.DescribeSecretInput{SecretId: aws.String("orders/db")})
			c.Must(err)
			if *out.RotationRules.AutomaticallyAfterDays != tt.days || len(out.VersionIdsToStages) != 1 {
				t.Errorf("it rotates every %d days and has %d versions, want %d days and one", *out.RotationRules.AutomaticallyAfterDays, len(out.VersionIdsToStages), tt.days)
			}
		})
	}
}

func TestPoliciesAndSchedulesThatAreLeft(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		spoil     func(cloud)
		status    action.Status
		says      string
	}{
		{"no policy", secretsmanager.NewRemovePublicStatements, func(cloud) {}, action.Unneeded, "no policy"},
		{"another account", secretsmanager.NewRemovePublicStatements, func(c cloud) { c.putPolicy(own) }, action.Unneeded, "No statement"},
		{"rotates", secretsmanager.NewEnableRotation, func(c cloud) { c.rotating() }, action.Unneeded, "already"},
		{"no function", secretsmanager.NewEnableRotation, func(cloud) {}, action.Escalated, "No function"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			actiontest.Want(t, c.Plan(tt.newAction, named), tt.status, tt.says)
		})
	}
}
