import {
  DateTimeResolver,
  EmailAddressResolver,
  JSONObjectResolver,
  JSONResolver,
  PhoneNumberResolver,
  PositiveIntResolver,
  URLResolver,
  UUIDResolver,
} from 'graphql-scalars'
import { builder } from './builder.ts'

builder.addScalarType('DateTime', DateTimeResolver)
builder.addScalarType('EmailAddress', EmailAddressResolver)
builder.addScalarType('PhoneNumber', PhoneNumberResolver)
builder.addScalarType('URL', URLResolver)
builder.addScalarType('UUID', UUIDResolver)
builder.addScalarType('JSON', JSONResolver)
builder.addScalarType('JSONObject', JSONObjectResolver)
builder.addScalarType('PositiveInt', PositiveIntResolver)
