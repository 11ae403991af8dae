// Documents, parsed and judged once for each text.

import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql'
import { LRUCache } from 'lru-cache'
import type { AllowedDocuments } from './allowedDocuments.ts'
import { type PagedFields, pagedFields } from './documentCost.ts'
import { tooLarge } from './documentSize.ts'
import type { Limits } from './limits.ts'
import { refusalError, withCode } from './refusal.ts'

/** A document that may be executed, or what is wrong with it. */
export type Judged = { readonly document: DocumentNode } | { readonly errors: readonly GraphQLError[] }

interface DocumentsOptions {
  readonly schema: GraphQLSchema
  readonly limits: Limits
  readonly introspection: boolean
  /** Where they are listed. Without it, all that keep to the limits. */
  readonly allowed?: AllowedDocuments | undefined
}

/** A syntax tree takes about this many bytes for each character of its source. */
const treeBytesPerCharacter = 30
const cacheBytes = 32 * 1_048_576

export class Documents {
  readonly #schema: GraphQLSchema
  readonly #limits: Limits
  readonly #rules: readonly ValidationRule[]
  readonly #introspection: boolean
  readonly #allowed: AllowedDocuments | undefined
  readonly paged: PagedFields
  readonly #known = new LRUCache<string, Judged>({
    max: 2_000,
    maxSize: cacheBytes,
    maxEntrySize: cacheBytes / 16,
    sizeCalculation: (_, source) => 1_000 + source.length * treeBytesPerCharacter,
  })

  constructor({ schema, limits, introspection, allowed }: DocumentsOptions) {
    this.#schema = schema
    this.#limits = limits
    this.#introspection = introspection
    this.#allowed = allowed
    this.paged = pagedFields(schema)
    this.#rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule]
  }

  /** @param id as clients send it instead of a document that is listed */
  judgeById(id: string): Judged {
    if (!this.#allowed)
      return {
        errors: [
          refusalError(
            'PERSISTED_QUERY_NOT_SUPPORTED',
            'This server keeps no list of documents: send the document itself.',
          ),
        ],
      }
    const source = this.#allowed.sourceOf(id)
    if (source !== undefined) return this.judge(source)
    return {
      errors: [
        refusalError(
          'PERSISTED_QUERY_NOT_FOUND',
          'No document of that id is on the list of this server: whoever runs it can add it.',
        ),
      ],
    }
  }

  judge(source: string): Judged {
    const known = this.#known.get(source)
    if (known) return known
    const judged = this.#judge(source)
    this.#known.set(source, judged)
    return judged
  }

  #judge(source: string): Judged {
    let document: DocumentNode
    try {
      document = parse(source, { maxTokens: this.#limits.documentTokens })
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error
      // graphql gives this error no mark of its own but its text.
      const code = /\d+ tokens/.test(error.message) ? 'TOO_LARGE' : 'BAD_INPUT'
      return { errors: [withCode(error, code)] }
    }
    const large = tooLarge(document, this.#limits)
    if (large) return { errors: [large] }
    if (this.#allowed && !this.#allowed.has(document)) return { errors: [notListed()] }
    const errors = validate(this.#schema, document, this.#rules, { maxErrors: 10 })
    if (errors.length > 0) return { errors: errors.map((error) => withCode(this.#discreet(error), 'BAD_INPUT')) }
    return { document }
  }

  /** Where the schema may not be asked for, guesses at it are not answered with its names either. */
  #discreet(error: GraphQLError): GraphQLError {
    if (this.#introspection) return error
    const { nodes = null } = error
    return new GraphQLError(error.message.replace(/ Did you mean .*$/, ''), { nodes })
  }
}

const notListed = (): GraphQLError =>
  refusalError(
    'FORBIDDEN',
    'This server carries out only the documents of its list, and this is none of them: whoever runs it can add it.',
  )
