package kms_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/kms"
)

const (
	account = `{"Sid":"Account","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
	admin   = `{"Sid":"Admin","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/admin"},"Action":"kms:*","Resource":"*"}`
	reader  = `{"Sid":"Reader","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["kms:Describe*","kms:Get*","kms:List*"],"Resource":"*"}`
	public  = `{"Sid":"Everybody","Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"}`
	service = `{"Sid":"S3","Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Decrypt","Resource":"*",` +
		`"Condition":{"StringEquals":{"kms:CallerAccount":"111122223333","kms:ViaService":"s3.eu-west-1.amazonaws.com"}}}`
)

// policyOf returns what looks at the key's policy.
func (c cloud) policyOf() func() string {
	return func() string {
		out, err := c.client.GetKeyPolicy(c.T.Context(), &sdk.GetKeyPolicyInput{KeyId: &c.key, PolicyName: aws.String("default")})
		c.Must(err)
		return *out.Policy
	}
}

func (c cloud) putPolicy(statements string) {
	_, err := c.client.PutKeyPolicy(c.T.Context(), &sdk.PutKeyPolicyInput{
		KeyId: &c.key, PolicyName: aws.String("default"), Policy: aws.String(`{"Version":"2012-10-17","Statement":[` + statements + `]}`),
	})
	c.Must(err)
}

func TestRemovePublicStatementsConforms(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t, types.KeySpecSymmetricDefault)
		c.putPolicy(account + "," + public)
		w := c.World(kms.NewRemovePublicStatements, `{"key":"`+c.key+`"}`, `{"key":"1234abcd-12ab-34cd-56ef-1234567890ab"}`, c.policyOf())
		w.Interfere = func() { c.putPolicy(account + "," + service) }
		return w
	})
}

func TestWhatIsPublic(t *testing.T) {
	for _, tt := range []struct {
		name, statements string
		status           action.Status
		says             string
	}{
		{"nobody else", account, action.Unneeded, "No statement"},
		{"the account by a service", account + "," + service, action.Unneeded, "No statement"},
		{"everybody", public + "," + account, action.Change, `statement 1 "Everybody" (kms:Decrypt)`},
		{"nobody is left", `{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}`, action.Escalated, "arn:aws:iam::111122223333:root with kms:*"},
		{"a user only", admin + "," + reader + "," + public, action.Escalated, "By no other statement"},
		{"the account under a condition", admin + "," + reader + "," + public + "," +
			strings.Replace(account, `"Action"`, `"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}},"Action"`, 1), action.Escalated, "By no other statement"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t, types.KeySpecSymmetricDefault)
			c.putPolicy(tt.statements)
			actiontest.Want(t, c.Plan(kms.NewRemovePublicStatements, `{"key":"`+c.key+`"}`), tt.status, tt.says)
		})
	}
}
