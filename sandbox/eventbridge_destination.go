package sandbox

import (
	"context"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// defaultRate is the invocations a second of a destination that names none.
const defaultRate = 300

func createDestination(c *call) (wire.Object, error) {
	name := c.in.str("Name")
	all := c.buses()
	d := &apiDestination{
		name: name, arn: c.arn("api-destination/" + name + "/" + c.sb.newUUID()), description: c.in.str("Description"),
		connection: c.in.str("ConnectionArn"), endpoint: c.in.str("InvocationEndpoint"), method: c.in.str("HttpMethod"),
		rate: c.in.number("InvocationRateLimitPerSecond", defaultRate), created: c.time.UTC(),
	}
	switch {
	case all.destinations[name] != nil:
		return nil, wire.Errorf("ResourceAlreadyExistsException", "An api-destination '%s' already exists.", name)
	case all.connectionAt(d.connection) == nil:
		return nil, wire.Errorf("ResourceNotFoundException", "Connection '%s' does not exist.", d.connection)
	case !validEndpoint(d.endpoint):
		return nil, c.fail(wire.Invalid, "Parameter InvocationEndpoint is not valid. Reason: it must be an https URL (the sandbox takes http of loopback addresses, too).")
	}
	all.destinations[name] = d
	return d.brief(), nil
}

func validEndpoint(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

func (d *apiDestination) brief() wire.Object {
	return wire.Object{"ApiDestinationArn": d.arn, "ApiDestinationState": "ACTIVE", "CreationTime": d.created, "LastModifiedTime": d.created}
}

func (d *apiDestination) object() wire.Object {
	out := d.brief()
	out["Name"], out["ConnectionArn"], out["InvocationEndpoint"] = d.name, d.connection, d.endpoint
	out["HttpMethod"], out["InvocationRateLimitPerSecond"] = d.method, int64(d.rate)
	return out
}

func (c *call) destination() (*apiDestination, error) {
	d := c.buses().destinations[c.in.str("Name")]
	if d == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Failed to describe the api-destination(s). An api-destination '%s' does not exist.", c.in.str("Name"))
	}
	return d, nil
}

func describeDestination(c *call) (wire.Object, error) {
	d, err := c.destination()
	if err != nil {
		return nil, err
	}
	out := d.object()
	put(out, "Description", d.description)
	return out, nil
}

func deleteDestination(c *call) (wire.Object, error) {
	d, err := c.destination()
	if err != nil {
		return nil, err
	}
	delete(c.buses().destinations, d.name)
	return nil, nil
}

func listDestinations(c *call) (wire.Object, error) {
	all := c.buses().destinations
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool {
		return c.in.has("ConnectionArn") && all[name].connection != c.in.str("ConnectionArn")
	})
	return listEvents(c, "ApiDestinations", "NamePrefix", names, func(name string) any { return all[name].object() })
}

func (s *eventBuses) connectionAt(arn string) *connection {
	for _, cn := range s.connections {
		if cn.arn == arn {
			return cn
		}
	}
	return nil
}

// destinationAt is the present API destination with an ARN, nil without.
func (s *Sandbox) destinationAt(arn string) *apiDestination {
	p := strings.SplitN(arn, ":", 6)
	if len(p) < 6 || p[2] != "events" || s.accounts[p[4]] == nil {
		return nil
	}
	for _, d := range s.eventsOf(p[4], p[3]).destinations {
		if d.arn == arn {
			return d
		}
	}
	return nil
}

// callDestination invokes an API destination for a rule, in the name of the
// rule's role and with what the connection and the target add
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html).
func (s *Sandbox) callDestination(ctx context.Context, r *eventRule, t input, payload []byte) error {
	s.mu.Lock()
	d, cn, err := s.destinationFor(r, t)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	extra, own := cn.parameters.object("InvocationHttpParameters"), t.object("HttpParameters")
	endpoint := d.endpoint
	for _, v := range own.strs("PathParameterValues") {
		endpoint = strings.Replace(endpoint, "*", url.PathEscape(v), 1)
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return refused("INVALID_PARAMETER", "the endpoint is no URL")
	}
	query := u.Query()
	for name := range own.object("QueryStringParameters") {
		query.Set(name, own.object("QueryStringParameters").str(name))
	}
	for _, p := range extra.objects("QueryStringParameters") {
		query.Set(p.str("Key"), p.str("Value"))
	}
	u.RawQuery = query.Encode()
	err = sendHTTP(ctx, s.opts.HTTPClient, d.method, u.String(), payload, func(req *http.Request) {
		for name := range own.object("HeaderParameters") {
			req.Header.Set(name, own.object("HeaderParameters").str(name))
		}
		// The connection's parameters win over the target's.
		for _, p := range extra.objects("HeaderParameters") {
			req.Header.Set(p.str("Key"), p.str("Value"))
		}
		cn.authenticate(req)
	})
	return err
}

func (cn *connection) authenticate(req *http.Request) {
	if key := cn.parameters.object("ApiKeyAuthParameters"); key != nil {
		req.Header.Set(key.str("ApiKeyName"), key.str("ApiKeyValue"))
	}
	if basic := cn.parameters.object("BasicAuthParameters"); basic != nil {
		req.SetBasicAuth(basic.str("Username"), basic.str("Password"))
	}
}

// destinationFor finds where a target leads, when the role may invoke it.
func (s *Sandbox) destinationFor(r *eventRule, t input) (*apiDestination, *connection, error) {
	d := s.destinationAt(t.str("Arn"))
	if d == nil {
		return nil, nil, refused("NO_RESOURCE", "API destination %s does not exist", t.str("Arn"))
	}
	p := strings.SplitN(d.arn, ":", 6)
	cn := s.eventsOf(p[4], p[3]).connectionAt(d.connection)
	if cn == nil {
		return nil, nil, refused("NO_RESOURCE", "connection %s does not exist", d.connection)
	}
	from := sender{service: "events.amazonaws.com", source: r.arn, account: accountOf(r.arn), role: t.str("RoleArn")}
	return d, cn, s.permits(from, "events:InvokeApiDestination", d.arn, nil)
}
