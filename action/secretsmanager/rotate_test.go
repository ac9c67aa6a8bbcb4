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
	"riposte.dev/sandbox"
)

const function = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"

// cloud is a sandbox with a secret.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	_, err := c.client.CreateSecret(t.Context(), &sdk.CreateSecretInput{
		Name: aws.String("orders/db"), SecretString: aws.String("example"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}},
	})
	c.must(err)
	return c
}

// rotating lets the function rotate the secret, from later on.
func (c cloud) rotating() cloud {
	c.t.Helper()
	_, err := c.client.RotateSecret(c.t.Context(), &sdk.RotateSecretInput{
		SecretId: aws.String("orders/db"), RotationLambdaARN: aws.String(function), RotateImmediately: aws.Bool(false),
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

func (c cloud) state() string {
	c.t.Helper()
	out, err := c.client.DescribeSecret(c.t.Context(), &sdk.DescribeSecretInput{SecretId: aws.String("orders/db")})
	c.must(err)
	return fmt.Sprint(out.VersionIdsToStages)
}

func (c cloud) action() action.Action {
	return secretsmanager.NewRotate(c.Caller(secretsmanager.NewRotate(nil).Spec().Permissions))
}

func request(secret, leakedAt string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: fmt.Appendf(nil, `{"secret":%q,"leaked_at":%q}`, secret, leakedAt)}
}

const longAgo, never = "2024-01-01T00:00:00Z", "2999-01-01T00:00:00Z"

func TestConformance(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t).rotating()
		return actiontest.World{
			Action:  func(permissions []string) action.Action { return secretsmanager.NewRotate(c.Caller(permissions)) },
			Request: request("orders/db", longAgo),
			Missing: json.RawMessage(`{"secret":"none","leaked_at":"` + longAgo + `"}`),
			State:   c.state,
			Writes:  c.Writes,
			Stale: func(reads int) {
				c.AddStaleness(sandbox.Staleness{Service: "secretsmanager", Operation: "RotateSecret", Reads: reads})
			},
		}
	})
}

func TestARotationIsMadeOnce(t *testing.T) {
	c := newCloud(t).rotating()
	a := c.action()
	item := c.Item(a, request("orders/db", never))
	c.Do(a, item)
	after := c.state()
	var input sdk.RotateSecretInput
	c.must(json.Unmarshal(item.Calls[0].Input, &input))
	_, err := c.client.RotateSecret(t.Context(), &input)
	c.must(err)
	if c.state() != after {
		t.Errorf("the same call made %s of %s", c.state(), after)
	}
	if next := c.Item(a, request("orders/db", never)); string(next.After) == string(item.After) {
		t.Errorf("the version after %s is itself", next.After)
	}
}

func TestWhatIsLeft(t *testing.T) {
	c := newCloud(t)
	item := c.Item(c.action(), request("orders/db", longAgo))
	actiontest.Want(t, item, action.Escalated, "Nothing rotates it")
	if item.Resource.Tags["team"] != "payments" {
		t.Errorf("%+v, want its tags", item.Resource)
	}
	_, err := c.client.RotateSecret(t.Context(), &sdk.RotateSecretInput{SecretId: aws.String("orders/db"), RotationLambdaARN: aws.String(function)})
	c.must(err)
	actiontest.Want(t, c.Item(c.action(), request("orders/db", longAgo)), action.Unneeded, "rotated since")
}

func TestASecretWithoutItsTime(t *testing.T) {
	c := newCloud(t)
	req := request("orders/db", longAgo)
	for _, params := range []string{`{"secret":"orders/db"}`, `{"secret":"","leaked_at":"` + longAgo + `"}`, `{"secret":"orders/db","leaked_at":"yesterday"}`} {
		req.Params = json.RawMessage(params)
		if _, err := c.action().Plan(t.Context(), req); fault.CodeOf(err) != fault.Invalid || strings.TrimSpace(fault.Hint(err)) == "" {
			t.Errorf("%s: %v, want it refused with a hint", params, err)
		}
	}
}
