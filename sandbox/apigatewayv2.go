package sandbox

import (
	"maps"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// apigatewayv2Service answers for HTTP and WebSocket APIs and their stages,
// which no request ever reaches
// (https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/operations.html).
// Actions are HTTP's verbs and resources the paths of the API without its
// version:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html.
// In records, unlike in those of REST APIs, the input stands as it is.
func apigatewayv2Service() *service {
	op := func(name, verb, path string, handle func(*call) (wire.Object, error)) operation {
		return operation{
			name: name, action: "apigateway:" + verb, handle: handle, record: recordShape{dates: time.RFC3339},
			resources: func(c *call) []string {
				names := strings.NewReplacer("{api}", c.in.str("ApiId"), "{stage}", c.in.str("StageName"))
				return []string{arn("apigateway", c.region, "", names.Replace(path))}
			},
		}
	}
	create := op("CreateStage", "POST", "/apis/{api}/stages", createHTTPStage)
	update := op("UpdateStage", "PATCH", "/apis/{api}/stages/{stage}", updateHTTPStage)
	create.also, update.also = accessLogNeeds, accessLogNeeds
	remove := op("DeleteAccessLogSettings", "DELETE", "/apis/{api}/stages/{stage}/accesslogsettings", deleteAccessLog)
	remove.also = func(*call) []need { return []need{{"logs:ListLogDeliveries", "*"}, {"logs:DeleteLogDelivery", "*"}} }
	return &service{
		name: "apigatewayv2", prefix: "apigateway",
		operations: []operation{
			op("CreateApi", "POST", "/apis", createHTTPAPI),
			op("GetApi", "GET", "/apis/{api}", getHTTPAPI),
			create, update, remove,
			op("GetStage", "GET", "/apis/{api}/stages/{stage}", getHTTPStage),
			op("GetStages", "GET", "/apis/{api}/stages", getHTTPStages),
		},
	}
}

// accessLogNeeds are what it takes to have a log delivered, by
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html.
func accessLogNeeds(c *call) []need {
	if !c.in.has("AccessLogSettings") {
		return nil
	}
	var out []need
	for _, action := range []string{"CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "ListLogDeliveries", "PutResourcePolicy", "DescribeResourcePolicies"} {
		out = append(out, need{"logs:" + action, "*"})
	}
	return out
}

// httpAPIs are the HTTP and WebSocket APIs of an account in a region.
type httpAPIs struct{ all []*httpAPI }

// httpAPI is an HTTP or a WebSocket API.
type httpAPI struct {
	id, name, protocol string
	created            time.Time
	stages             []*httpStage
	tags               wire.Object
}

type httpStage struct {
	name             string
	managed          bool // made by API Gateway, which lets nobody change it
	created, changed time.Time
	logging          wire.Object // AccessLogSettings; nil for none
	tags             wire.Object
}

func newHTTPAPIs() *httpAPIs { return &httpAPIs{} }

func (s *httpAPIs) clone() stater {
	out := newHTTPAPIs()
	for _, a := range s.all {
		c := *a
		c.stages = nil
		for _, stage := range a.stages {
			copied := *stage
			copied.logging = maps.Clone(stage.logging)
			c.stages = append(c.stages, &copied)
		}
		out.all = append(out.all, &c)
	}
	return out
}

func (c *call) httpAPIs() *httpAPIs {
	return stateOf(c, stateKey{"apigatewayv2", c.account.id, c.region}, newHTTPAPIs)
}

func (c *call) httpAPI() (*httpAPI, error) {
	id := c.in.str("ApiId")
	a := firstWhere(c.httpAPIs().all, func(a *httpAPI) bool { return a.id == id })
	if a == nil {
		return nil, wire.Errorf("NotFoundException", "Invalid API identifier specified %s:%s", c.account.id, id)
	}
	return a, nil
}

func (c *call) httpStage() (*httpAPI, *httpStage, error) {
	a, err := c.httpAPI()
	if err != nil {
		return nil, nil, err
	}
	s := firstWhere(a.stages, func(s *httpStage) bool { return s.name == c.in.str("StageName") })
	if s == nil {
		return nil, nil, wire.Errorf("NotFoundException", "Unable to find Stage by name %s within the provided RestApi", c.in.str("StageName"))
	}
	return a, s, nil
}

// createHTTPAPI makes the API, and where a target is named its $default stage,
// which API Gateway keeps.
func createHTTPAPI(c *call) (wire.Object, error) {
	protocol := c.in.str("ProtocolType")
	if protocol == "WEBSOCKET" && c.in.str("RouteSelectionExpression") == "" {
		return nil, wire.Errorf("BadRequestException", "RouteSelectionExpression is a required field for WEBSOCKET APIs")
	}
	a := &httpAPI{id: c.sb.newUUID()[:8] + "xz", name: c.in.str("Name"), protocol: protocol, created: c.time.UTC(), tags: wire.Object(c.in.object("Tags"))}
	if c.in.has("Target") {
		a.stages = append(a.stages, &httpStage{name: "$default", managed: true, created: a.created, changed: a.created})
	}
	all := c.httpAPIs()
	all.all = append(all.all, a)
	return a.describe(), nil
}

func (a *httpAPI) describe() wire.Object {
	return wire.Object{"ApiId": a.id, "Name": a.name, "ProtocolType": a.protocol, "CreatedDate": a.created, "Tags": a.tags}
}

func getHTTPAPI(c *call) (wire.Object, error) {
	a, err := c.httpAPI()
	if err != nil {
		return nil, err
	}
	return a.describe(), nil
}

func createHTTPStage(c *call) (wire.Object, error) {
	a, err := c.httpAPI()
	if err != nil {
		return nil, err
	}
	s := &httpStage{name: c.in.str("StageName"), created: c.time.UTC(), changed: c.time.UTC(), tags: wire.Object(c.in.object("Tags"))}
	if firstWhere(a.stages, func(o *httpStage) bool { return o.name == s.name }) != nil {
		return nil, wire.Errorf("ConflictException", "Stage already exists")
	}
	if err := s.log(c, a); err != nil {
		return nil, err
	}
	a.stages = append(a.stages, s)
	return s.describe(), nil
}

func (s *httpStage) describe() wire.Object {
	out := wire.Object{
		"StageName": s.name, "CreatedDate": s.created, "LastUpdatedDate": s.changed, "RouteSettings": wire.Object{}, "StageVariables": wire.Object{},
		"DefaultRouteSettings": wire.Object{"DetailedMetricsEnabled": false}, "Tags": s.tags,
	}
	if s.managed {
		out["ApiGatewayManaged"] = true
	}
	if s.logging != nil {
		out["AccessLogSettings"] = s.logging
	}
	return out
}

// log takes the input's settings of the access log, if it has some.
func (s *httpStage) log(c *call, a *httpAPI) error {
	if !c.in.has("AccessLogSettings") {
		return nil
	}
	settings := c.in.object("AccessLogSettings")
	group := settings.str("DestinationArn")
	switch {
	case !strings.HasPrefix(group, "arn:aws:logs:") || !strings.Contains(settings.str("Format"), "$context.requestId"):
		return wire.Errorf("BadRequestException", "Insufficient permissions to enable logging, or the destination ARN or the format is invalid: the format must have $context.requestId")
	case a.protocol == "WEBSOCKET" && c.restAPIs().logRole == "":
		return noLogRole()
	}
	s.logging = wire.Object{"DestinationArn": strings.TrimSuffix(group, ":*"), "Format": settings.str("Format")}
	return nil
}

func getHTTPStage(c *call) (wire.Object, error) {
	_, s, err := c.httpStage()
	if err != nil {
		return nil, err
	}
	return s.describe(), nil
}

func getHTTPStages(c *call) (wire.Object, error) {
	a, err := c.httpAPI()
	if err != nil {
		return nil, err
	}
	return wire.Object{"Items": list(a.stages, func(s *httpStage) any { return s.describe() })}, nil
}

func updateHTTPStage(c *call) (wire.Object, error) {
	a, s, err := c.httpStage()
	switch {
	case err != nil:
		return nil, err
	case s.managed:
		return nil, wire.Errorf("BadRequestException", "Cannot modify Stage '%s' because it is managed by API Gateway", s.name)
	}
	if err := s.log(c, a); err != nil {
		return nil, err
	}
	s.changed = c.time.UTC()
	return s.describe(), nil
}

func deleteAccessLog(c *call) (wire.Object, error) {
	_, s, err := c.httpStage()
	if err != nil {
		return nil, err
	}
	s.logging, s.changed = nil, c.time.UTC()
	return nil, nil
}
