package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/dynamodb"
	"riposte.dev/sandbox"
)

// cloud is a sandbox with a table.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

var table = aws.String("orders")

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	_, err := c.client.CreateTable(t.Context(), &sdk.CreateTableInput{
		TableName: table, BillingMode: types.BillingModePayPerRequest, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	})
	c.must(err)
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// state is all that the undo of any of the actions must restore.
func (c cloud) state() string {
	c.t.Helper()
	out, err := c.client.DescribeTable(c.t.Context(), &sdk.DescribeTableInput{TableName: table})
	c.must(err)
	backups, err := c.client.DescribeContinuousBackups(c.t.Context(), &sdk.DescribeContinuousBackupsInput{TableName: table})
	c.must(err)
	return fmt.Sprint(*out.Table.DeletionProtectionEnabled, backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus)
}

func request(name string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: fmt.Appendf(nil, `{"table":%q}`, name)}
}

// actions are all of them, by the operation that they call.
var actions = map[string]func(*awscall.Caller) action.Action{
	"UpdateTable": dynamodb.NewEnableDeletionProtection, "UpdateContinuousBackups": dynamodb.NewEnableRecovery,
}

func TestConformance(t *testing.T) {
	for operation, newAction := range actions {
		t.Run(operation, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				return actiontest.World{
					Action:  func(permissions []string) action.Action { return newAction(c.Caller(permissions)) },
					Request: request("orders"),
					Missing: json.RawMessage(`{"table":"none"}`),
					State:   c.state,
					Writes:  c.Writes,
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "dynamodb", Operation: operation, Reads: reads})
					},
				}
			})
		})
	}
}

func TestWhatIsRightAlready(t *testing.T) {
	for operation, newAction := range actions {
		t.Run(operation, func(t *testing.T) {
			c := newCloud(t)
			a := newAction(c.Caller(newAction(nil).Spec().Permissions))
			byARN := request("arn:aws:dynamodb:eu-west-1:111122223333:table/orders")
			item := c.Item(a, byARN)
			if item.Resource.Tags["team"] != "payments" || item.Resource.Name != "orders" {
				t.Errorf("%+v, want its name and tags", item.Resource)
			}
			c.Do(a, item)
			actiontest.Want(t, c.Item(a, byARN), action.Unneeded, "already")
		})
	}
}
