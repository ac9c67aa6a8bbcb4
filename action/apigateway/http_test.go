package apigateway_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/apigateway"
	"riposte.dev/fault"
)

// httpCloud is a cloud with a stage of an API that leaves no traces.
type httpCloud struct {
	cloud
	client *sdk.Client
	api    string
}

func newHTTPCloud(t *testing.T, in sdk.CreateApiInput) httpCloud {
	t.Helper()
	c := httpCloud{cloud: newCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	in.Name = aws.String("orders")
	api, err := c.client.CreateApi(t.Context(), &in)
	c.Must(err)
	c.api = *api.ApiId
	if in.Target == nil {
		_, err = c.client.CreateStage(t.Context(), &sdk.CreateStageInput{ApiId: &c.api, StageName: aws.String("$default"), Tags: map[string]string{"team": "orders"}})
		c.Must(err)
	}
	return c
}

func socket() sdk.CreateApiInput {
	return sdk.CreateApiInput{ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action")}
}

func (c httpCloud) stage() string {
	return "arn:aws:apigateway:eu-west-1::/apis/" + c.api + "/stages/$default"
}

func (c httpCloud) logged() string {
	c.T.Helper()
	out, err := c.client.GetStage(c.T.Context(), &sdk.GetStageInput{ApiId: &c.api, StageName: aws.String("$default")})
	c.Must(err)
	if out.AccessLogSettings == nil {
		return "nothing"
	}
	return *out.AccessLogSettings.DestinationArn + " " + *out.AccessLogSettings.Format
}

func (c httpCloud) log(format string) {
	c.T.Helper()
	_, err := c.client.UpdateStage(c.T.Context(), &sdk.UpdateStageInput{
		ApiId: &c.api, StageName: aws.String("$default"), AccessLogSettings: &types.AccessLogSettings{DestinationArn: aws.String(group), Format: &format},
	})
	c.Must(err)
}

func TestHTTPConformance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		api       sdk.CreateApiInput
		params    string
		elsewhere []string
	}{
		{"HTTP", sdk.CreateApiInput{ProtocolType: types.ProtocolTypeHttp}, `,"format":"$context.requestId $context.status"`, []string{"apigateway:GET on arn:P:apigateway:*::/account"}},
		{"WebSocket", socket(), "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newHTTPCloud(t, tt.api)
				c.withRole()
				more := `,"destination":"` + group + `:*"` + tt.params + `}`
				w := c.World(apigateway.NewEnableHTTPAccessLogging, `{"stage":"`+c.stage()+`"`+more, `{"api":"`+c.api+`","stage":"none"`+more, c.logged)
				w.Permission = func(call action.Call) string {
					return map[string]string{"UpdateStage": "apigateway:PATCH", "DeleteAccessLogSettings": "apigateway:DELETE"}[call.Operation]
				}
				w.Interfere, w.Elsewhere = func() { c.log("$context.requestId other") }, tt.elsewhere
				return w
			})
		})
	}
}

func TestHTTPStagesThatAreLeft(t *testing.T) {
	for _, tt := range []struct {
		name   string
		api    sdk.CreateApiInput
		spoil  func(httpCloud)
		status action.Status
		says   string
	}{
		{"a log", sdk.CreateApiInput{ProtocolType: types.ProtocolTypeHttp}, func(c httpCloud) { c.log("$context.requestId") }, action.Unneeded, group + " already"},
		{"no role", socket(), nil, action.Escalated, "has no role"},
		{"HTTP without a role", sdk.CreateApiInput{ProtocolType: types.ProtocolTypeHttp}, nil, action.Change, "Nobody can tell"},
		{"made by API Gateway", sdk.CreateApiInput{ProtocolType: types.ProtocolTypeHttp, Target: aws.String("https://example.com")}, nil, action.Escalated, "another stage"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newHTTPCloud(t, tt.api)
			if tt.spoil != nil {
				tt.spoil(c)
			}
			item := c.Item(c.Action(apigateway.NewEnableHTTPAccessLogging), actiontest.Request(`{"api":"`+c.api+`","stage":"$default","destination":"`+group+`"}`))
			actiontest.Want(t, item, tt.status, tt.says)
			if item.Resource.ARN != c.stage() || (tt.api.Target == nil) != (item.Resource.Tags["team"] == "orders") {
				t.Errorf("it is %+v", item.Resource)
			}
		})
	}
	c := newHTTPCloud(t, socket())
	for _, params := range []string{
		`{"stage":"$default","destination":"` + group + `"}`,
		`{"api":"x","stage":"$default","destination":"arn:aws:firehose:eu-west-1:111122223333:deliverystream/amazon-apigateway-x"}`,
		`{"api":"x","stage":"$default","destination":"` + group + `","format":"no request"}`,
	} {
		if _, err := c.Action(apigateway.NewEnableHTTPAccessLogging).Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", params, err)
		}
	}
}
