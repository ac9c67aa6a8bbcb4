package apigateway_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/apigateway"
	"riposte.dev/fault"
)

const (
	group = "arn:aws:logs:eu-west-1:111122223333:log-group:api-access"
	trust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}}`
)

// cloud is a sandbox with a stage of a REST API that leaves no traces.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
	api    string
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	api, err := c.client.CreateRestApi(t.Context(), &sdk.CreateRestApiInput{Name: aws.String("orders")})
	c.Must(err)
	c.api = *api.Id
	deployment, err := c.client.CreateDeployment(t.Context(), &sdk.CreateDeploymentInput{RestApiId: api.Id})
	c.Must(err)
	_, err = c.client.CreateStage(t.Context(), &sdk.CreateStageInput{
		RestApiId: api.Id, StageName: aws.String("prod"), DeploymentId: deployment.Id, Tags: map[string]string{"team": "orders"},
	})
	c.Must(err)
	return c
}

// withRole lets API Gateway write logs.
func (c cloud) withRole() cloud {
	c.T.Helper()
	role, err := c.Member.CreateRole("api-logs", trust)
	c.Must(err)
	_, err = c.client.UpdateAccount(c.T.Context(), &sdk.UpdateAccountInput{
		PatchOperations: []types.PatchOperation{{Op: types.OpReplace, Path: aws.String("/cloudwatchRoleArn"), Value: &role}},
	})
	c.Must(err)
	return c
}

// caching has the stage cache two methods of three, and encrypt one of them.
func (c cloud) caching() cloud {
	c.T.Helper()
	for _, path := range []string{"/cacheClusterEnabled", "/~1carts~1{id}/GET/caching/enabled", "/*/*/caching/enabled", "/*/*/caching/dataEncrypted"} {
		c.patch(path, "true")
	}
	c.patch("/~1free/GET/caching/enabled", "false")
	return c
}

func (c cloud) patch(path, value string) {
	c.T.Helper()
	_, err := c.client.UpdateStage(c.T.Context(), &sdk.UpdateStageInput{
		RestApiId: &c.api, StageName: aws.String("prod"), PatchOperations: []types.PatchOperation{{Op: types.OpReplace, Path: &path, Value: &value}},
	})
	c.Must(err)
}

// state is all that the undo of any of the actions must restore. Off and never on are the same.
func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.GetStage(c.T.Context(), &sdk.GetStageInput{RestApiId: &c.api, StageName: aws.String("prod")})
	c.Must(err)
	level := "OFF"
	if all, ok := out.MethodSettings["*/*"]; ok {
		level = *all.LoggingLevel
	}
	log := types.AccessLogSettings{DestinationArn: aws.String(""), Format: aws.String("")}
	if out.AccessLogSettings != nil {
		log = *out.AccessLogSettings
	}
	cached := []string{}
	for method, m := range out.MethodSettings {
		if m.CachingEnabled {
			cached = append(cached, fmt.Sprint(method, m.CacheDataEncrypted))
		}
	}
	slices.Sort(cached)
	return fmt.Sprint(level, out.TracingEnabled, *log.DestinationArn, *log.Format, cached)
}

func (c cloud) arn() string {
	return "arn:aws:apigateway:eu-west-1::/restapis/" + c.api + "/stages/prod"
}

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name, params string // beside the stage
		newAction    actiontest.NewAction
		byARN        bool
		interfere    func(cloud)
	}{
		{"log executions", "", apigateway.NewEnableExecutionLogging, false, func(c cloud) { c.patch("/*/*/logging/loglevel", "INFO") }},
		{"log everything, by the ARN", `,"level":"INFO"`, apigateway.NewEnableExecutionLogging, true, func(c cloud) { c.patch("/*/*/logging/loglevel", "ERROR") }},
		{"log access", `,"destination":"` + group + `"`, apigateway.NewEnableAccessLogging, false, func(c cloud) { c.patch("/accessLogSettings/format", "$context.requestId") }},
		{"log access in a format", `,"destination":"` + group + `:*","format":"$context.requestId $context.status"`, apigateway.NewEnableAccessLogging, true,
			func(c cloud) { c.patch("/accessLogSettings/destinationArn", group+"-2") }},
		{"trace", "", apigateway.NewEnableTracing, false, nil},
		{"encrypt", "", apigateway.NewEncryptCache, false, func(c cloud) { c.patch("/~1free/GET/caching/enabled", "true") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t).withRole().caching()
				stage := `{"api":"` + c.api + `","stage":"prod"`
				if tt.byARN {
					stage = `{"stage":"` + c.arn() + `"`
				}
				w := c.World(tt.newAction, stage+tt.params+`}`, `{"api":"`+c.api+`","stage":"none"`+tt.params+`}`, c.state)
				w.Permission = func(action.Call) string { return "apigateway:PATCH" }
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name, params string
		newAction    actiontest.NewAction
		spoil        func(cloud)
		status       action.Status
		says         string
	}{
		{"no role for executions", "", apigateway.NewEnableExecutionLogging, func(cloud) {}, action.Escalated, "has no role"},
		{"no role for access", `,"destination":"` + group + `"`, apigateway.NewEnableAccessLogging, func(cloud) {}, action.Escalated, "has no role"},
		{"a stream needs no role", `,"destination":"arn:aws:firehose:eu-west-1:111122223333:deliverystream/amazon-apigateway-x"`, apigateway.NewEnableAccessLogging,
			func(cloud) {}, action.Change, "Nobody can tell"},
		{"errors are logged", "", apigateway.NewEnableExecutionLogging, func(c cloud) { c.withRole().patch("/*/*/logging/loglevel", "ERROR") }, action.Unneeded, "logs ERROR"},
		{"more is logged", "", apigateway.NewEnableExecutionLogging, func(c cloud) { c.withRole().patch("/*/*/logging/loglevel", "INFO") }, action.Unneeded, "logs INFO"},
		{"it is traced", "", apigateway.NewEnableTracing, func(c cloud) { c.patch("/tracingEnabled", "true") }, action.Unneeded, "already"},
		{"no cache", "", apigateway.NewEncryptCache, func(c cloud) { c.caching().patch("/cacheClusterEnabled", "false") }, action.Unneeded, "caches nothing"},
		{"a cache", "", apigateway.NewEncryptCache, func(c cloud) { c.caching() }, action.Change, "those of /carts/{id}/GET."},
		{"an encrypted cache", "", apigateway.NewEncryptCache, func(c cloud) {
			c.caching().patch("/~1carts~1{id}/GET/caching/dataEncrypted", "true")
		}, action.Unneeded, "encrypted already"},
		{"access is logged", `,"destination":"` + group + `"`, apigateway.NewEnableAccessLogging, func(c cloud) {
			a := apigateway.NewEnableAccessLogging(c.withRole().Caller([]string{"apigateway:*"}))
			c.Do(a, c.Item(a, actiontest.Request(`{"stage":"`+c.arn()+`","destination":"`+group+`-2"}`)))
		}, action.Unneeded, group + "-2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			a := c.Action(tt.newAction)
			item := c.Item(a, actiontest.Request(`{"api":"`+c.api+`","stage":"prod"`+tt.params+`}`))
			actiontest.Want(t, item, tt.status, tt.says)
			if item.Resource.Tags["team"] != "orders" || item.Resource.ARN != c.arn() {
				t.Errorf("%+v, want its ARN and tags", item.Resource)
			}
		})
	}
}

func TestWrongParameters(t *testing.T) {
	c := newCloud(t)
	for params, newAction := range map[string]actiontest.NewAction{
		`{"stage":"prod"}`: apigateway.NewEnableTracing,
		`{"stage":"arn:aws:apigateway:us-east-1::/restapis/x/stages/prod"}`:              apigateway.NewEnableTracing,
		`{"api":"x","stage":"prod"}`:                                                     apigateway.NewEnableAccessLogging,
		`{"api":"x","stage":"prod","destination":"` + group + `","format":"no request"}`: apigateway.NewEnableAccessLogging,
	} {
		if _, err := newAction(c.Caller(nil)).Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", params, err)
		}
	}
}
