package sandbox

import (
	"regexp"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// lambdaService answers for functions, which run nothing: an invocation is
// noted, and answered with what [Sandbox.AnswerInvocations] says
// (https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html). Actions
// are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html.
// In records the names of operations carry the API's version.
func lambdaService() *service {
	of := func(name, recorded string, handle func(*call) (wire.Object, error)) operation {
		return operation{
			name: name, resources: functionOfInput, resourcePolicy: functionPolicy, handle: handle, record: recordShape{name: recorded},
		}
	}
	create := of("CreateFunction", "CreateFunction20150331", createFunction)
	create.also = passes("Role")
	list := of("ListFunctions", "ListFunctions20150331", listFunctions)
	list.resources, list.resourcePolicy = nil, nil
	invoke := of("Invoke", "", invokeFunction)
	invoke.action, invoke.data = "lambda:InvokeFunction", true
	code := of("UpdateFunctionCode", "UpdateFunctionCode20150331v2", updateFunctionCode)
	code.also = codeNeeds
	configuration := of("UpdateFunctionConfiguration", "UpdateFunctionConfiguration20150331v2", updateFunctionConfiguration)
	configuration.also = layerNeeds
	return &service{
		name: "lambda", prefix: "lambda",
		operations: []operation{
			create, list, invoke, code, configuration,
			of("PublishVersion", "PublishVersion20150331", publishVersion),
			of("ListVersionsByFunction", "ListVersionsByFunction20150331", listFunctionVersions),
			of("CreateAlias", "CreateAlias20150331", setFunctionAlias(true)),
			of("UpdateAlias", "UpdateAlias20150331", setFunctionAlias(false)),
			of("GetAlias", "GetAlias20150331", getFunctionAlias),
			of("GetFunction", "GetFunction20150331v2", getFunction),
			of("DeleteFunction", "DeleteFunction20150331", deleteFunction),
			of("AddPermission", "AddPermission20150331v2", addPermission),
			of("GetPolicy", "GetPolicy20150331v2", getFunctionPolicy),
			of("RemovePermission", "RemovePermission20150331v2", removeFunctionPermission),
			of("GetFunctionConfiguration", "GetFunctionConfiguration20150331v2", getFunctionConfiguration),
			of("GetFunctionConcurrency", "GetFunctionConcurrency20190930", getFunctionConcurrency),
			of("PutFunctionConcurrency", "PutFunctionConcurrency20171031", putFunctionConcurrency),
			of("DeleteFunctionConcurrency", "DeleteFunctionConcurrency20171031", deleteFunctionConcurrency),
			{
				name: "ListTags", resources: func(c *call) []string { return []string{c.in.str("Resource")} }, handle: listFunctionTags,
				record: recordShape{name: "ListTags20170331"},
			},
		},
		setup: func(s *Sandbox) { s.receiver("lambda", s.takeLambda) },
	}
}

// functionRef is a function as inputs name it.
type functionRef struct{ region, account, name, qualifier string }

var functionName = regexp.MustCompile(`^(?:(?:arn:aws:lambda:)?(?:([a-z]{2}-[a-z-]+-\d):)?(?:(\d{12}):)?function:|(\d{12}):function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`)

// functionRef reads FunctionName: a name, an ARN or a part of one. The zero
// value stands for what is neither.
func (c *call) functionRef() functionRef {
	m := functionName.FindStringSubmatch(c.in.str("FunctionName"))
	if m == nil {
		return functionRef{}
	}
	return functionRef{
		region: orElse(m[1], c.region), account: orElse(orElse(m[2], m[3]), c.account.id), name: m[4],
		qualifier: orElse(c.in.str("Qualifier"), m[5]),
	}
}

func (r functionRef) arn() string { return arn("lambda", r.region, r.account, "function:"+r.name) }

func functionOfInput(c *call) []string { return []string{c.functionRef().arn()} }

func functionPolicy(c *call) (*policy.Document, string) {
	r := c.functionRef()
	f, err := c.function()
	if err != nil {
		return nil, r.account
	}
	return f.policy(), r.account
}

// function is the one that the input names.
func (c *call) function() (*function, error) {
	r := c.functionRef()
	missing := wire.Errorf("ResourceNotFoundException", "Function not found: %s", r.arn())
	switch {
	case r.region != c.region:
		return nil, wire.Errorf("ResourceNotFoundException", "Functions from '%s' are not reachable in this region ('%s')", r.region, c.region)
	case c.sb.accounts[r.account] == nil:
		return nil, missing
	case r.qualifier != "" && r.qualifier != "$LATEST":
		return nil, wire.Errorf("ResourceNotFoundException", "Function not found: %s:%s", r.arn(), r.qualifier)
	}
	f := stateOf(c, stateKey{"lambda", r.account, r.region}, newFunctions).byName[r.name]
	if f == nil {
		return nil, missing
	}
	return f, nil
}

func invalidFunction(format string, args ...any) *wire.Error {
	return wire.Errorf("InvalidParameterValueException", format, args...)
}
