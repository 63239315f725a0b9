//! `object!` and `record!`: one declaration gives a struct its reading, writing and schema.
//!
//! What a derive cannot do and Ultra promises: unknown fields are kept as the text they were, a repeated
//! key is an error, the field at fault is named, keys come out in the order of the declaration.
//!
//! What stands under `also` is written by some tool and read by hardly any: it has a place in the schema and the manual,
//! and stays in `extra`.

/// Declares a JSON object: a struct whose `extra` keeps the fields it does not know.
macro_rules! object {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident $([$tag:expr])? {
            $($(#[doc = $doc:literal])+ pub $field:ident $(as $key:literal)? : $ty:ty,)+
            $(also { $($(#[doc = $told:literal])+ $other:ident: $shown:ty,)+ })?
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $field: $ty,)+
            /// Fields that this version does not know, kept as they came.
            pub extra: $crate::record::Object,
        }

        impl $crate::record::Field for $name {}

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use ::serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $(map.serialize_entry("type", $tag.as_str())?;)?
                $(if !$crate::record::Field::is_left_out(&self.$field) {
                    map.serialize_entry(object!(@key $field $($key)?), &self.$field)?;
                })+
                for (key, value) in self.extra.iter() {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;
                impl<'de> ::serde::de::Visitor<'de> for Fields {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        use ::serde::de::Error as _;
                        $(let mut $field: Option<$ty> = None;)+
                        let mut extra = $crate::record::Object::default();
                        while let Some(key) = map.next_key::<::std::borrow::Cow<'de, str>>()? {
                            match key.as_ref() {
                                $(object!(@key $field $($key)?) => {
                                    if $field.is_some() {
                                        return Err(A::Error::duplicate_field(object!(@key $field $($key)?)));
                                    }
                                    $field = Some(<$ty as $crate::record::Field>::read(&mut map).map_err(|cause| {
                                        A::Error::custom(format_args!("`{key}`: {cause}"))
                                    })?);
                                })+
                                $("type" => { let _ = $tag; map.next_value::<::serde::de::IgnoredAny>()?; })?
                                _ => extra.push(key.into_owned(), map.next_value()?),
                            }
                        }
                        Ok($name {
                            $($field: match $field {
                                Some(value) => value,
                                None => <$ty as $crate::record::Field>::when_absent()
                                    .ok_or_else(|| A::Error::missing_field(object!(@key $field $($key)?)))?,
                            },)+
                            extra,
                        })
                    }
                }
                deserializer.deserialize_map(Fields)
            }
        }

        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let mut shape = $crate::record::Shape::new(concat!($($about),+));
                $(shape.constant("type", $tag.as_str());)?
                $(shape.field::<$ty>(generator, object!(@key $field $($key)?), concat!($($doc),+));)+
                $($(shape.field::<Option<$shown>>(generator, stringify!($other), concat!($($told),+));)+)?
                shape.finish()
            }
        }
    };
    (@key $field:ident $key:literal) => { $key };
    (@key $field:ident) => { stringify!($field) };
}

/// Declares a record: an object with a `type`, an `id` and a prefix for ids made here.
macro_rules! record {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident = $type:ident, $prefix:literal $(, check $check:ident)? {
            $($body:tt)+
        }
    ) => {
        object! {
            $(#[doc = $about])+
            pub struct $name [$crate::record::Type::$type] { $($body)+ }
        }

        impl $crate::record::Record for $name {
            const TYPE: $crate::record::Type = $crate::record::Type::$type;
            const PREFIX: &'static str = $prefix;
            $(
                fn check(&self) -> Result<(), String> {
                    self.$check()
                }
            )?
        }
    };
}
