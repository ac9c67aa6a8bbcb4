package secretsmanager_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/secretsmanager"
	"riposte.dev/fault"
)

const function = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"

// cloud is a sandbox with a secret.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	_, err := c.client.CreateSecret(t.Context(), &sdk.CreateSecretInput{
		Name: aws.String("orders/db"), SecretString: aws.String("example"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}},
	})
	c.Must(err)
	return c
}

// rotating lets the function rotate the secret, from later on.
func (c cloud) rotating() cloud {
	c.T.Helper()
	_, err := c.client.RotateSecret(c.T.Context(), &sdk.RotateSecretInput{
		SecretId: aws.String("orders/db"), RotationLambdaARN: aws.String(function), RotateImmediately: aws.Bool(false),
	})
	c.Must(err)
	return c
}

func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.DescribeSecret(c.T.Context(), &sdk.DescribeSecretInput{SecretId: aws.String("orders/db")})
	c.Must(err)
	return fmt.Sprint(out.VersionIdsToStages)
}

// Parameters, by when the secret leaked.
const (
	longAgo = `{"secret":"orders/db","leaked_at":"2024-01-01T00:00:00Z"}`
	never   = `{"secret":"orders/db","leaked_at":"2999-01-01T00:00:00Z"}`
)

func TestConformance(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t).rotating()
		return c.World(secretsmanager.NewRotate, longAgo, strings.Replace(longAgo, "orders/db", "none", 1), c.state)
	})
}

func TestARotationIsMadeOnce(t *testing.T) {
	c := newCloud(t).rotating()
	a := c.Action(secretsmanager.NewRotate)
	item := c.Item(a, actiontest.Request(never))
	c.Do(a, item)
	after := c.state()
	var input sdk.RotateSecretInput
	c.Must(json.Unmarshal(item.Calls[0].Input, &input))
	_, err := c.client.RotateSecret(t.Context(), &input)
	c.Must(err)
	if c.state() != after {
		t.Errorf("the same call made %s of %s", c.state(), after)
	}
	if next := c.Item(a, actiontest.Request(never)); string(next.After) == string(item.After) {
		t.Errorf("the version after %s is itself", next.After)
	}
}

func TestWhatIsLeft(t *testing.T) {
	c := newCloud(t)
	item := c.Plan(secretsmanager.NewRotate, longAgo)
	actiontest.Want(t, item, action.Escalated, "Nothing rotates it")
	if item.Resource.Tags["team"] != "payments" {
		t.Errorf("%+v, want its tags", item.Resource)
	}
	_, err := c.client.RotateSecret(t.Context(), &sdk.RotateSecretInput{SecretId: aws.String("orders/db"), RotationLambdaARN: aws.String(function)})
	c.Must(err)
	actiontest.Want(t, c.Plan(secretsmanager.NewRotate, longAgo), action.Unneeded, "rotated since")
}

func TestASecretWithoutItsTime(t *testing.T) {
	c := newCloud(t)
	for _, params := range []string{`{"secret":"orders/db"}`, strings.Replace(longAgo, "orders/db", "", 1), `{"secret":"orders/db","leaked_at":"yesterday"}`} {
		if _, err := c.Action(secretsmanager.NewRotate).Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid || strings.TrimSpace(fault.Hint(err)) == "" {
			t.Errorf("%s: %v, want it refused with a hint", params, err)
		}
	}
}
