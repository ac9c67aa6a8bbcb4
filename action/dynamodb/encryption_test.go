package dynamodb_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/dynamodb"
)

// newKey makes a key and returns its ARN.
func (c cloud) newKey() string {
	out, err := kms.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region)).CreateKey(c.T.Context(), &kms.CreateKeyInput{})
	c.Must(err)
	return *out.KeyMetadata.Arn
}

func (c cloud) encrypt(key *string) {
	_, err := c.client.UpdateTable(c.T.Context(), &sdk.UpdateTableInput{TableName: table, SSESpecification: &types.SSESpecification{
		Enabled: aws.Bool(true), SSEType: types.SSETypeKms, KMSMasterKeyId: key,
	}})
	c.Must(err)
}

// key returns what looks at the table's key.
func (c cloud) key() func() string {
	return func() string {
		out, err := c.client.DescribeTable(c.T.Context(), &sdk.DescribeTableInput{TableName: table})
		c.Must(err)
		if out.Table.SSEDescription == nil {
			return "DynamoDB's"
		}
		return *out.Table.SSEDescription.KMSMasterKeyArn
	}
}

func TestEncryptWithKMSConforms(t *testing.T) {
	for _, tt := range []struct {
		name      string
		named     bool
		elsewhere []string
	}{
		{"by the key that AWS manages", false, []string{
			"kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
		}},
		{"by a key that is named", true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				params := `{"table":"orders"}`
				if tt.named {
					params = `{"table":"orders","kms_key":"` + c.newKey() + `"}`
				}
				w := c.World(dynamodb.NewEncryptWithKMS, params, `{"table":"none"}`, c.key())
				w.Elsewhere = tt.elsewhere
				w.Interfere = func() { c.encrypt(aws.String(c.newKey())) }
				return w
			})
		})
	}
}

func TestTheKeyOfATable(t *testing.T) {
	for name, key := range map[string]func(cloud) *string{
		"alias/aws/dynamodb": func(cloud) *string { return nil },
		"arn:aws:kms:":       func(c cloud) *string { return aws.String(c.newKey()) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			c.encrypt(key(c))
			item := c.Plan(dynamodb.NewEncryptWithKMS, `{"table":"orders","kms_key":"`+c.newKey()+`"}`)
			actiontest.Want(t, item, action.Unneeded, "by "+name)
		})
	}
}

// A key that can't be used leaves the table as it is.
func TestAKeyThatIsNotThere(t *testing.T) {
	c := newCloud(t)
	a := c.Action(dynamodb.NewEncryptWithKMS)
	item := c.Item(a, actiontest.Request(`{"table":"orders","kms_key":"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}`))
	if _, err := a.Apply(t.Context(), item); err == nil || c.key()() != "DynamoDB's" {
		t.Errorf("%v, and the key is %s", err, c.key()())
	}
}
