// Runs once in each VM, after the JSONata script. It bounds the memory that built-in functions allocate in one call (time and
// depth are bounded from outside), adds AWS's functions, and says which names an expression reads.
(function (jsonata, host) {
  'use strict';

  let budget = 0;
  const spend = function (units) {
    budget -= units;
    if (!(budget >= 0)) {
      throw { message: host.tooLarge };
    }
  };

  // What can make a large value out of small ones in a single native call, which no interrupt stops.
  const NativeArray = Array;
  const GuardedArray = function (...items) {
    spend(16 * (items.length === 1 && typeof items[0] === 'number' ? items[0] : items.length));
    return new NativeArray(...items);
  };
  GuardedArray.prototype = NativeArray.prototype;
  for (const name of ['isArray', 'from', 'of']) {
    GuardedArray[name] = NativeArray[name];
  }
  globalThis.Array = GuardedArray;

  const replace = function (owner, name, make) {
    const native = owner[name];
    Object.defineProperty(owner, name, { value: make(native), writable: true, configurable: true, enumerable: false });
  };
  replace(NativeArray.prototype, 'join', (native) => function (separator) {
    const gap = separator === undefined ? 1 : String(separator).length;
    let size = 0;
    for (let i = 0; i < this.length; i++) {
      size += gap + (typeof this[i] === 'string' ? this[i].length : 24);
    }
    spend(size);
    return native.call(this, separator);
  });
  replace(NativeArray.prototype, 'concat', (native) => function (...others) {
    spend(16 * others.reduce((n, other) => n + (NativeArray.isArray(other) ? other.length : 1), this.length));
    return native.apply(this, others);
  });
  replace(String.prototype, 'concat', (native) => function (...others) {
    spend(others.reduce((n, other) => n + other.length, this.length));
    return native.apply(this, others);
  });
  replace(String.prototype, 'split', (native) => function (separator, limit) {
    spend(17 * this.length);
    return native.call(this, separator, limit);
  });
  for (const name of ['toUpperCase', 'toLowerCase', 'replace']) {
    replace(String.prototype, name, (native) => function (...args) {
      spend(this.length);
      return native.apply(this, args);
    });
  }
  for (const name of ['encodeURI', 'encodeURIComponent']) {
    replace(globalThis, name, (native) => function (text) {
      spend(9 * String(text).length);
      return native(text);
    });
  }
  replace(JSON, 'stringify', (native) => function (value, replacer, space) {
    return native(value, function (key, item) {
      const shown = typeof replacer === 'function' ? replacer.call(this, key, item) : item;
      spend(8 + key.length + (typeof shown === 'string' ? shown.length : 0));
      return shown;
    }, space);
  });
  for (const owner of [Object.prototype, NativeArray.prototype, String.prototype, Function.prototype]) {
    Object.preventExtensions(owner);
  }

  // Regular expressions: the empty look-ahead lets the engine choose its backtracking matcher, which has a time limit. The
  // other one has none, and takes minutes for some patterns.
  const Pattern = function (pattern) {
    return new RegExp('(?=)(?:' + pattern.source + ')', pattern.flags);
  };

  const sequence = function (items) {
    return Object.defineProperty(items, 'sequence', { value: true });
  };
  const functions = [
    ['partition', '<an:a<a>>', function (array, size) {
      if (array === undefined || size === undefined) {
        return undefined;
      }
      size = Math.floor(size + 0.5);
      if (!(size >= 1)) {
        throw { message: 'The second argument of $partition must be at least 1' };
      }
      const parts = [];
      for (let i = 0; i < array.length; i += size) {
        parts.push(array.slice(i, i + size));
      }
      return parts;
    }],
    ['range', '<nnn:a<n>>', function (first, last, step) {
      if (first === undefined || last === undefined || step === undefined) {
        return undefined;
      }
      [first, last, step] = [first, last, step].map((n) => Math.floor(n + 0.5));
      if (step === 0) {
        throw { message: 'The third argument of $range must not be 0' };
      }
      const count = Math.floor((last - first) / step) + 1;
      if (!(count <= host.maxRange)) {
        throw { message: '$range gives at most ' + host.maxRange + ' values, not ' + count };
      }
      const items = [];
      for (let i = 0; i < count; i++) {
        items.push(first + i * step);
      }
      return sequence(items);
    }],
    ['hash', '<ss:s>', function (text, algorithm) {
      return text === undefined || algorithm === undefined ? undefined : host.hash(text, algorithm);
    }],
    ['random', '<n?:n>', function (seed) {
      return seed === undefined ? host.random() : host.seeded(seed);
    }],
    ['uuid', '<:s>', function () {
      return host.uuid();
    }],
    ['parse', '<s:x>', function (text) {
      return text === undefined ? undefined : JSON.parse(host.json(text));
    }],
  ];

  // reads says which variables the expression may read, which fields of $states, and, where it is nothing but a path of names
  // such as $states.input.a, that path.
  const reads = function (ast) {
    const variables = new Set(), states = new Set(), bound = new Set();
    const seen = new WeakSet();
    const bare = (step, type) => step.type === type && Object.keys(step).every((key) => ['type', 'value', 'position'].includes(key));
    const walk = function (node) {
      if (node === null || typeof node !== 'object' || seen.has(node) || node instanceof RegExp) {
        return;
      }
      seen.add(node);
      if (node.type === 'bind') {
        bound.add(node.lhs.value);
      }
      if (node.type === 'lambda') {
        node.arguments.forEach((argument) => bound.add(argument.value));
      }
      if (node.type === 'path' && bare(node.steps[0], 'variable') && node.steps[0].value === 'states' && node.steps.length > 1 &&
        node.steps[1].type === 'name') {
        states.add(node.steps[1].value);
        seen.add(node.steps[0]);
      } else if (node.type === 'variable') {
        variables.add(node.value);
      }
      for (const key of Object.keys(node)) {
        walk(node[key]);
      }
    };
    walk(ast);
    const steps = ast.type === 'path' ? ast.steps : [ast];
    const plain = bare(steps[0], 'variable') && !['', '$'].includes(steps[0].value) && steps.slice(1).every((step) => bare(step, 'name')) &&
      (ast.type !== 'path' || Object.keys(ast).every((key) => ['type', 'steps'].includes(key)));
    return {
      variables: [...variables], states: [...states], bound: [...bound],
      path: plain ? steps.map((step) => step.value) : [],
    };
  };

  return {
    compile: function (text) {
      budget = host.budget;
      const expression = jsonata(text, { stack: host.stack, sequence: host.sequence, RegexEngine: Pattern });
      for (const [name, signature, implementation] of functions) {
        expression.registerFunction(name, implementation, signature);
      }
      expression.assign('eval', undefined);
      return expression;
    },
    inspect: (expression) => JSON.stringify(reads(expression.ast())),
    evaluate: function (expression, bindings) {
      budget = host.budget;
      return expression.evaluate(undefined, JSON.parse(bindings));
    },
  };
})
