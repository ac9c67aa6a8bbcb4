package sandbox

import (
	"maps"
	"slices"

	"riposte.dev/sandbox/wire"
)

// authorized is the state of every connection: nothing has to be asked first.
const authorized = "AUTHORIZED"

func createConnection(c *call) (wire.Object, error) {
	name, kind := c.in.str("Name"), c.in.str("AuthorizationType")
	all := c.buses().connections
	if all[name] != nil {
		return nil, wire.Errorf("ResourceAlreadyExistsException", "Connection %s already exists.", name)
	}
	parameters := c.in.object("AuthParameters")
	member := map[string]string{"API_KEY": "ApiKeyAuthParameters", "BASIC": "BasicAuthParameters"}[kind]
	switch {
	case member == "":
		return nil, c.fail(wire.Invalid, "Parameter AuthorizationType is not valid. Reason: the sandbox has API_KEY and BASIC.")
	case parameters.object(member) == nil:
		return nil, c.fail(wire.Invalid, "Parameter AuthParameters is not valid. Reason: %s is required for %s.", member, kind)
	}
	id := c.sb.newUUID()
	cn := &connection{
		name: name, arn: c.arn("connection/" + name + "/" + id), description: c.in.str("Description"), kind: kind,
		created: c.time.UTC(), parameters: parameters,
		secretARN: arn("secretsmanager", c.region, c.account.id, "secret:events!connection/"+name+"/"+id),
	}
	all[name] = cn
	return cn.brief(), nil
}

// brief is what every answer about a connection has.
func (cn *connection) brief() wire.Object {
	return wire.Object{"ConnectionArn": cn.arn, "ConnectionState": authorized, "CreationTime": cn.created, "LastModifiedTime": cn.created}
}

func (c *call) connection() (*connection, error) {
	cn := c.buses().connections[c.in.str("Name")]
	if cn == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Connection %s does not exist.", c.in.str("Name"))
	}
	return cn, nil
}

// describeConnection shows the names that are sent, and never what is secret.
func describeConnection(c *call) (wire.Object, error) {
	cn, err := c.connection()
	if err != nil {
		return nil, err
	}
	out := cn.brief()
	out["Name"], out["AuthorizationType"], out["SecretArn"] = cn.name, cn.kind, cn.secretARN
	out["LastAuthorizedTime"] = cn.created
	put(out, "Description", cn.description)
	shown := wire.Object{}
	if key := cn.parameters.object("ApiKeyAuthParameters"); key != nil {
		shown["ApiKeyAuthParameters"] = wire.Object{"ApiKeyName": key.str("ApiKeyName")}
	}
	if basic := cn.parameters.object("BasicAuthParameters"); basic != nil {
		shown["BasicAuthParameters"] = wire.Object{"Username": basic.str("Username")}
	}
	if extra := cn.parameters.object("InvocationHttpParameters"); extra != nil {
		shown["InvocationHttpParameters"] = withoutSecrets(extra)
	}
	out["AuthParameters"] = shown
	return out, nil
}

// withoutSecrets leaves the values out that are marked as secret.
func withoutSecrets(parameters input) wire.Object {
	out := wire.Object{}
	for name := range parameters {
		out[name] = list(parameters.objects(name), func(p input) any {
			shown := wire.Object{"Key": p.str("Key"), "IsValueSecret": p.flag("IsValueSecret", false)}
			if !p.flag("IsValueSecret", false) {
				shown["Value"] = p.str("Value")
			}
			return shown
		})
	}
	return out
}

func deleteConnection(c *call) (wire.Object, error) {
	cn, err := c.connection()
	if err != nil {
		return nil, err
	}
	delete(c.buses().connections, cn.name)
	out := cn.brief()
	out["ConnectionState"] = "DELETING"
	return out, nil
}

func listConnections(c *call) (wire.Object, error) {
	all := c.buses().connections
	names := slices.Sorted(maps.Keys(all))
	if state := c.in.str("ConnectionState"); state != "" && state != authorized {
		names = nil
	}
	return listEvents(c, "Connections", "NamePrefix", names, func(name string) any {
		out := all[name].brief()
		out["Name"], out["AuthorizationType"], out["LastAuthorizedTime"] = name, all[name].kind, all[name].created
		return out
	})
}
