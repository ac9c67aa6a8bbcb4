package sandbox

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// apigatewayService answers for REST APIs and their stages, which no request
// ever reaches (https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html).
// Actions are HTTP's verbs and resources the paths of the API:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html.
func apigatewayService() *service {
	op := func(name, verb string, path func(*call) string, handle func(*call) (wire.Object, error)) operation {
		return operation{
			name: name, action: "apigateway:" + verb, handle: handle, record: recordShape{requestOf: apiRequest, dates: recordDateIAM},
			resources: func(c *call) []string { return []string{arn("apigateway", c.region, "", path(c))} },
		}
	}
	apis := func(*call) string { return "/restapis" }
	api := func(c *call) string { return "/restapis/" + c.in.str("restApiId") }
	below := func(what, member string) func(*call) string {
		return func(c *call) string { return strings.TrimSuffix(api(c)+"/"+what+"/"+c.in.str(member), "/") }
	}
	account := func(*call) string { return "/account" }
	give := op("UpdateAccount", "PATCH", account, updateAPIAccount)
	give.also = func(c *call) []need {
		var needs []need
		for _, p := range c.in.objects("patchOperations") {
			needs = append(needs, need{"iam:PassRole", p.str("value")})
		}
		return needs
	}
	return &service{
		name: "apigateway", prefix: "apigateway",
		operations: []operation{
			op("CreateRestApi", "POST", apis, createRestAPI),
			op("GetRestApi", "GET", api, getRestAPI),
			op("CreateDeployment", "POST", below("deployments", ""), createAPIDeployment),
			op("CreateStage", "POST", below("stages", ""), createAPIStage),
			op("GetStage", "GET", below("stages", "stageName"), getAPIStage),
			op("GetStages", "GET", below("stages", ""), getAPIStages),
			op("UpdateStage", "PATCH", below("stages", "stageName"), updateAPIStage),
			op("GetAccount", "GET", account, getAPIAccount),
			give,
		},
	}
}

// apiRequest spells a request as its record does: what is not in the path is
// the member "…Input".
func apiRequest(c *call) any {
	out, body := wire.Object{"template": false}, wire.Object{}
	for k, v := range c.in {
		switch {
		case k == "restApiId", k == "stageName" && c.op.name != "CreateStage":
			out[k] = v
		default:
			body[k] = v
		}
	}
	if len(body) > 0 {
		out[lowerFirst(c.op.name)+"Input"] = body
	}
	return out
}

// restAPIs are those of an account in a region, and what holds for all its APIs.
type restAPIs struct {
	apis    []*restAPI
	logRole string // cloudwatchRoleArn
}

type restAPI struct {
	id, name    string
	created     time.Time
	deployments []string
	stages      []*apiStage
	tags        wire.Object
}

type apiStage struct {
	name, deployment string
	created, changed time.Time
	tracing, cache   bool
	methods          map[string]methodSettings // by "*/*" or "~1path/METHOD"
	logging          wire.Object               // accessLogSettings
	tags             wire.Object
}

// methodSettings are what was said of how a stage treats a method.
type methodSettings struct {
	level              string // loggingLevel; "" if nobody said
	caching, encrypted bool
}

func newRestAPIs() *restAPIs { return &restAPIs{} }

func (s *restAPIs) clone() stater {
	out := &restAPIs{logRole: s.logRole}
	for _, a := range s.apis {
		c := *a
		c.deployments, c.stages = slices.Clone(a.deployments), nil
		for _, stage := range a.stages {
			copied := *stage
			copied.logging, copied.methods = maps.Clone(stage.logging), maps.Clone(stage.methods)
			c.stages = append(c.stages, &copied)
		}
		out.apis = append(out.apis, &c)
	}
	return out
}

func (c *call) restAPIs() *restAPIs {
	return stateOf(c, stateKey{"apigateway", c.account.id, c.region}, newRestAPIs)
}

func (c *call) restAPI() (*restAPI, error) {
	id := c.in.str("restApiId")
	a := firstWhere(c.restAPIs().apis, func(a *restAPI) bool { return a.id == id })
	if a == nil {
		return nil, wire.Errorf("NotFoundException", "Invalid API identifier specified %s:%s", c.account.id, id)
	}
	return a, nil
}

func (c *call) apiStage() (*apiStage, error) {
	a, err := c.restAPI()
	if err != nil {
		return nil, err
	}
	s := firstWhere(a.stages, func(s *apiStage) bool { return s.name == c.in.str("stageName") })
	if s == nil {
		return nil, wire.Errorf("NotFoundException", "Invalid stage identifier specified")
	}
	return s, nil
}

func createRestAPI(c *call) (wire.Object, error) {
	a := &restAPI{id: c.sb.newUUID()[:8] + "xy", name: c.in.str("name"), created: c.time.UTC(), tags: wire.Object(c.in.object("tags"))}
	all := c.restAPIs()
	all.apis = append(all.apis, a)
	return a.describe(), nil
}

func (a *restAPI) describe() wire.Object {
	return wire.Object{"id": a.id, "name": a.name, "createdDate": a.created, "apiKeySource": "HEADER", "tags": a.tags}
}

func getRestAPI(c *call) (wire.Object, error) {
	a, err := c.restAPI()
	if err != nil {
		return nil, err
	}
	return a.describe(), nil
}

func createAPIDeployment(c *call) (wire.Object, error) {
	a, err := c.restAPI()
	if err != nil {
		return nil, err
	}
	id := c.sb.newUUID()[:6]
	a.deployments = append(a.deployments, id)
	if c.in.has("stageName") {
		c.in["deploymentId"] = id
		if _, err := createAPIStage(c); err != nil {
			return nil, err
		}
	}
	return wire.Object{"id": id, "createdDate": c.time.UTC()}, nil
}

func createAPIStage(c *call) (wire.Object, error) {
	a, err := c.restAPI()
	name, deployment := c.in.str("stageName"), c.in.str("deploymentId")
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains(a.deployments, deployment):
		return nil, wire.Errorf("BadRequestException", "Deployment id does not exist")
	case firstWhere(a.stages, func(s *apiStage) bool { return s.name == name }) != nil:
		return nil, wire.Errorf("ConflictException", "Stage already exists")
	}
	now := c.time.UTC()
	s := &apiStage{
		name: name, deployment: deployment, created: now, changed: now, tracing: c.in.flag("tracingEnabled", false),
		cache: c.in.flag("cacheClusterEnabled", false), tags: wire.Object(c.in.object("tags")),
	}
	a.stages = append(a.stages, s)
	return s.describe(), nil
}

func (s *apiStage) describe() wire.Object {
	out := wire.Object{
		"deploymentId": s.deployment, "stageName": s.name, "createdDate": s.created, "lastUpdatedDate": s.changed, "tracingEnabled": s.tracing,
		"cacheClusterEnabled": s.cache, "cacheClusterStatus": "NOT_AVAILABLE", "tags": s.tags,
	}
	if s.cache {
		out["cacheClusterStatus"], out["cacheClusterSize"] = "AVAILABLE", "0.5"
	}
	settings := wire.Object{}
	for method, m := range s.methods {
		settings[method] = wire.Object{
			"loggingLevel": orElse(m.level, "OFF"), "dataTraceEnabled": false, "metricsEnabled": false, "cachingEnabled": m.caching, "cacheDataEncrypted": m.encrypted,
		}
	}
	out["methodSettings"] = settings
	if len(s.logging) > 0 {
		out["accessLogSettings"] = s.logging
	}
	return out
}

func getAPIStage(c *call) (wire.Object, error) {
	s, err := c.apiStage()
	if err != nil {
		return nil, err
	}
	return s.describe(), nil
}

func getAPIStages(c *call) (wire.Object, error) {
	a, err := c.restAPI()
	if err != nil {
		return nil, err
	}
	return wire.Object{"item": list(a.stages, func(s *apiStage) any { return s.describe() })}, nil
}

// updateAPIStage knows the paths of logs, traces and caches
// (https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html).
func updateAPIStage(c *call) (wire.Object, error) {
	s, err := c.apiStage()
	if err != nil {
		return nil, err
	}
	changed := *s
	changed.logging, changed.methods = maps.Clone(s.logging), maps.Clone(s.methods)
	for _, p := range c.in.objects("patchOperations") {
		if err := changed.patch(c, p.str("op"), p.str("path"), p.str("value")); err != nil {
			return nil, err
		}
	}
	if target := input(changed.logging).str("destinationArn"); len(changed.logging) > 0 && (target == "" || !strings.Contains(input(changed.logging).str("format"), "$context.requestId")) {
		return nil, wire.Errorf("BadRequestException", "Access Log format or destination is missing or invalid: the format must have $context.requestId")
	}
	changed.changed = c.time.UTC()
	*s = changed
	return s.describe(), nil
}

func (s *apiStage) patch(c *call, op, path, value string) error {
	member, isLog := strings.CutPrefix(path, "/accessLogSettings/")
	switch {
	case op == "remove" && path == "/accessLogSettings":
		s.logging = nil
		return nil
	case op != "replace":
	case ofMethod.MatchString(path):
		return s.patchMethod(c, ofMethod.FindStringSubmatch(path), value)
	case path == "/tracingEnabled":
		s.tracing = value == "true"
		return nil
	case path == "/cacheClusterEnabled":
		s.cache = value == "true"
		return nil
	case isLog && (member == "destinationArn" || member == "format"):
		if member == "destinationArn" && strings.Contains(value, ":logs:") && c.restAPIs().logRole == "" {
			return noLogRole()
		}
		if s.logging == nil {
			s.logging = wire.Object{}
		}
		s.logging[member] = value
		return nil
	}
	return wire.Errorf("BadRequestException", "Invalid patch path or operation specified: %s %s", op, path)
}

// ofMethod are the paths of a method's settings: its resource, with "~1" for
// each slash, its verb, and the setting.
var ofMethod = regexp.MustCompile(`^/([^/]+/[^/]+)/(logging/loglevel|caching/enabled|caching/dataEncrypted)$`)

func (s *apiStage) patchMethod(c *call, path []string, value string) error {
	method, m := path[1], s.methods[path[1]]
	switch path[2] {
	case "logging/loglevel":
		if !slices.Contains([]string{"OFF", "ERROR", "INFO"}, value) {
			return wire.Errorf("BadRequestException", "Invalid logging level: %s", value)
		}
		if value != "OFF" && c.restAPIs().logRole == "" {
			return noLogRole()
		}
		m.level = value
	case "caching/enabled":
		m.caching = value == "true"
	default:
		m.encrypted = value == "true"
	}
	if s.methods == nil {
		s.methods = map[string]methodSettings{}
	}
	s.methods[method] = m
	return nil
}

func noLogRole() error {
	return wire.Errorf("BadRequestException", "CloudWatch Logs role ARN must be set in account settings to enable logging")
}

func getAPIAccount(c *call) (wire.Object, error) {
	out := wire.Object{"throttleSettings": wire.Object{"burstLimit": int64(5000), "rateLimit": float64(10000)}, "features": wire.List{"UsagePlans"}}
	put(out, "cloudwatchRoleArn", c.restAPIs().logRole)
	return out, nil
}

func updateAPIAccount(c *call) (wire.Object, error) {
	for _, p := range c.in.objects("patchOperations") {
		if p.str("op") != "replace" || p.str("path") != "/cloudwatchRoleArn" {
			return nil, wire.Errorf("BadRequestException", "Invalid patch path specified: %s", p.str("path"))
		}
		role := c.sb.roleAt(p.str("value"))
		if role == nil || !c.sb.assumable(role, sender{service: "apigateway.amazonaws.com", account: c.account.id}) {
			return nil, wire.Errorf("BadRequestException", "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.")
		}
		c.restAPIs().logRole = p.str("value")
	}
	return getAPIAccount(c)
}
